import { setImmediate as turn } from 'node:timers/promises';
import { isFinal, type PartialSession } from '../domain/backup-session.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { NewHole } from '../db/holes.ts';
import { unknownRecord } from '../db/upsert-sessions.ts';
import type { ListRecord, SessionAnswer, SessionList, Source } from '../sources/source.ts';
import type { BatchWriter } from './batch-writer.ts';
import { bufferAhead } from './buffer-ahead.ts';
import type { ListMemory } from './list-memory.ts';
import type { Tally } from './tally.ts';
import { weighSession } from './weigh-session.ts';

/** Sessions to be asked for that may wait while the list is read on: more than are asked for at once, about 2 kB each. */
const mostWaiting = 2_048;
/** Changed records that wait for the end of the list, which may show the stored ones too. */
const mostHeldBack = 2_000;
/** Records that cannot be read, after which a list is none; each costs memory until the end of the run. */
const usualMostBroken = 1_000_000;
/** Characters that wait for either. Past that, of broken records only what names them is kept until they were asked for. */
const mostCharacters = 16_000_000;
const textOfHeavy = 4_096;

export type ListContext = {
  readonly source: Pick<Source, 'lookUp'>;
  readonly memory: ListMemory;
  readonly writer: BatchWriter;
  readonly tally: Tally;
  /** Known sessions without a final result, kept up with what is written. */
  readonly unfinished: ReadonlySet<string>;
  /** Holes that are not due yet: not asked for in this run. */
  readonly paused: ReadonlySet<string>;
  /** Sessions that this run has asked for by id. */
  readonly asked: Set<string>;
  readonly onRecords: (records: number) => void;
  /** Records that cannot be read, after which the list is refused; a million unless said otherwise. */
  readonly mostBroken?: number;
};

type Whole = Extract<ListRecord, { readonly as: 'session' }>;
type Listed = Extract<ListRecord, { readonly as: 'reference' | 'part' }>;
/** A listed record whose session is asked for, and its characters. */
type Pending = { readonly record: Listed; readonly weight: number };

/**
 * Reads a list to its end and writes what is new or changed in it. What the list does not tell whole is looked up by id. Of a
 * broken list, everything before the break is written before the error is thrown.
 */
export async function readList(list: SessionList, context: ListContext): Promise<void> {
  const { source, memory, writer, tally, unfinished, paused, asked, mostBroken = usualMostBroken } = context;
  const pending = new Map<string, Pending>();
  const heldBack = new Map<string, Whole>();
  let waitingCharacters = 0;
  let heldBackCharacters = 0;
  /** Sessions of which a record that was held back is written. */
  const shownOtherwise = new Set<string>();

  function take(record: ListRecord): string | undefined {
    switch (record.as) {
      case 'session':
        takeWhole(record);
        return undefined;
      case 'reference':
      case 'part':
        return takeInPart(record);
      case 'unreadable':
        tally.unidentified.set(record.fingerprint, record.reason);
        writer.addHole({
          kind: 'unreadable',
          key: record.fingerprint,
          sessionId: null,
          reason: record.reason,
          text: record.text,
          form: list.form,
          wasTried: false,
        });
        return undefined;
    }
  }

  function takeWhole(record: Whole): void {
    const { session, fingerprint } = record;
    const isFirst = memory.see(session.id);
    if (isFirst && !mayBeShownToo(session.id, fingerprint)) {
      writer.add('whole', session, { fingerprint, isCounted: true });
      return;
    }
    // This list may show the record too that the session is stored from: of several, a finished one counts, else the stored one.
    const other = heldBack.get(session.id);
    if (other === undefined || !isFinal(other.session) || isFinal(session)) {
      heldBack.set(session.id, record);
      heldBackCharacters += weighSession(session);
    }
    if (heldBack.size > mostHeldBack || heldBackCharacters > mostCharacters) writeHeldBack();
  }

  /** Whether a session is stored from another record that can be compared with this one. */
  function mayBeShownToo(sessionId: string, fingerprint: string): boolean {
    const stored = memory.recordOf(sessionId);
    return stored !== undefined && stored !== unknownRecord && areComparable(stored, fingerprint);
  }

  function writeHeldBack(): void {
    for (const [id, { session, fingerprint }] of heldBack) {
      const isShown = memory.isStoredShown(id) || !mayBeShownToo(id, fingerprint) || shownOtherwise.has(id);
      if (isShown && !(unfinished.has(id) && isFinal(session))) continue;
      writer.add('whole', session, { fingerprint, isCounted: !isShown });
      shownOtherwise.add(id);
    }
    heldBack.clear();
    heldBackCharacters = 0;
  }

  /** The id to ask for, unless the record says nothing new, or it is not time to ask again. */
  function takeInPart(record: Listed): string | undefined {
    const { session, fingerprint } = record;
    const { id } = session;
    if (!memory.see(id)) return undefined;
    const stored = memory.recordOf(id);
    const isStored = stored !== undefined && stored !== unknownRecord;
    if (record.as === 'reference' && isStored && !areComparable(stored, fingerprint) && !unfinished.has(id)) {
      // Stored whole from an entity, or by another version's parser: a reference has nothing to add.
      writer.relist(id, fingerprint);
      return undefined;
    }
    const kept = keepWithin(mostCharacters - waitingCharacters, record);
    waitingCharacters += kept.weight;
    pending.set(id, kept);
    if (!paused.has(id)) return id;
    takeAnswer({ id, as: 'failed', kind: 'transient', reason: '' }, false);
    return undefined;
  }

  function takeAnswer(answer: SessionAnswer, wasTried = true): void {
    const { id } = answer;
    const { record: listed, weight } = pending.get(id) ?? { record: undefined, weight: 0 };
    waitingCharacters -= weight;
    pending.delete(id);
    asked.add(id);
    switch (answer.as) {
      case 'session':
        tally.unreadable.delete(id);
        tally.unfetched.delete(id);
        writer.add('whole', answer.session, { fingerprint: listed?.fingerprint ?? null, isCounted: true });
        writer.heal(id);
        return;
      case 'gone':
        if (listed?.as === 'part') {
          keepPart(listed, wasTried);
          return;
        }
        // The reference is all there will ever be.
        if (listed !== undefined) {
          writer.add('reference', listed.session, { fingerprint: listed.fingerprint, isCounted: true });
        }
        writer.heal(id);
        return;
      case 'part':
        tally.unreadable.set(id, answer.reason);
        writer.add('part', answer.session, { fingerprint: unknownRecord, isCounted: true });
        writer.addHole({
          kind: 'unreadable',
          key: id,
          sessionId: id,
          reason: answer.reason,
          text: answer.text,
          form: 'entity',
          wasTried,
        });
        return;
      case 'failed':
        if (listed?.as === 'part') {
          keepPart(listed, wasTried);
          return;
        }
        tally.unfetched.set(id, answer.reason);
        if (listed !== undefined) {
          writer.add('reference', listed.session, { fingerprint: unknownRecord, isCounted: true });
        }
        if (wasTried) writer.addHole(unfetched(id, answer.reason));
    }
  }

  function keepPart(
    { session, reason, text }: Extract<Listed, { readonly as: 'part' }>,
    wasTried: boolean,
  ): void {
    const { id } = session;
    tally.unreadable.set(id, reason);
    writer.add('part', session, { fingerprint: unknownRecord, isCounted: true });
    writer.addHole({
      kind: 'unreadable',
      key: id,
      sessionId: id,
      reason,
      text,
      form: list.form,
      wasTried,
    });
  }

  async function* idsToAsk(): AsyncGenerator<string> {
    for await (const group of list.groups) {
      for (const record of group.records) {
        const id = take(record);
        if (tally.unreadable.size + tally.unidentified.size > mostBroken)
          throw new SyncError(
            'contract',
            `The list has more than ${mostBroken} records that cannot be read.`,
          );
        if (id !== undefined) yield id;
      }
      context.onRecords(group.count);
      await writer.writeIfFull();
      // A list that is here already would be read in one go, with everybody's answers waiting outside.
      await turn();
    }
    // References say nothing of a session's progress.
    if (list.form === 'entity') return;
    for (const id of unfinished) {
      if (memory.hasSeen(id) && !pending.has(id) && !asked.has(id) && !paused.has(id)) yield id;
    }
  }

  try {
    const ids = bufferAhead(idsToAsk(), mostWaiting);
    const named = (id: string): PartialSession | undefined => pending.get(id)?.record.session;
    for await (const answer of source.lookUp(ids, named)) {
      takeAnswer(answer);
      await writer.writeIfFull();
    }
  } finally {
    // What was listed and not asked for, because the run ends here, is stored as far as the list tells it.
    for (const { record } of pending.values()) {
      const reason = 'It was not asked for: the run ended before its turn.';
      tally.unfetched.set(record.session.id, reason);
      writer.add('reference', record.session, { fingerprint: unknownRecord, isCounted: true });
      writer.addHole({ ...unfetched(record.session.id, reason), wasTried: false });
    }
    await writer.writeAll();
    writeHeldBack();
    await writer.writeAll();
  }
}

function keepWithin(characters: number, record: Listed): Pending {
  const weight = weighRecord(record);
  if (weight <= characters) return { record, weight };
  const light = lighten(record);
  return { record: light, weight: weighRecord(light) };
}

const weighRecord = (record: Listed): number =>
  weighSession(record.session) + (record.as === 'part' ? record.text.length : 0);

function lighten(record: Listed): Listed {
  const session = { ...record.session, failureMessage: null, extra: null };
  return record.as === 'part'
    ? { ...record, session, text: record.text.slice(0, textOfHeavy) }
    : { ...record, session };
}

export const unfetched = (id: string, reason: string) =>
  ({
    kind: 'unfetched',
    key: id,
    sessionId: id,
    reason,
    text: null,
    form: null,
    wasTried: true,
  }) as const satisfies NewHole;

/** Whether two fingerprints were made of the same form by the same parser: their last byte tells. */
const areComparable = (a: string, b: string) => a.slice(-2) === b.slice(-2);
