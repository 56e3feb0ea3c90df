import type { NewHole } from '../db/holes.ts';
import { readHoles, readUnreadTexts } from '../db/holes.ts';
import type { HeldSource } from '../db/hold-source.ts';
import { markLost, readVanished } from '../db/list-state.ts';
import type { Source } from '../sources/source.ts';
import type { BatchWriter } from './batch-writer.ts';
import { unfetched } from './read-list.ts';
import type { Tally } from './tally.ts';

/** Kept texts that are read again at once. */
const textsAtOnce = 200;
/** Holes that are read with one question. */
const holesAtOnce = 8_192;

/** Holes that a run finds. There may be hundreds of thousands: no more is kept of them than what they are asked for by. */
export type KnownHoles = {
  /** All of them; who writes keeps it up. */
  readonly keys: Set<string>;
  /** Those whose next try is not due yet. */
  readonly paused: ReadonlySet<string>;
  /** The others, by the ids of their sessions, where they have one. */
  readonly due: readonly string[];
};

/** `isImpatient`: every hole is due. */
export async function readKnownHoles(held: HeldSource, isImpatient: boolean): Promise<KnownHoles> {
  const [keys, paused, due] = [new Set<string>(), new Set<string>(), [] as string[]];
  for (let after: string | undefined; ;) {
    const holes = await held.read((database, sourceId) => readHoles(database, sourceId, after, holesAtOnce));
    for (const { key, sessionId, isDue } of holes) {
      keys.add(key);
      if (!isDue && !isImpatient) paused.add(key);
      else if (sessionId !== null) due.push(sessionId === key ? key : sessionId);
    }
    if (holes.length < holesAtOnce) return { keys, paused, due };
    after = holes.at(-1)?.key;
  }
}

/**
 * Tries what is not stored as it should be: texts that an older parser could not read, and sessions by id - those that left
 * the list unfinished, and the holes that are due. One that the source does not know any more is lost, if it had no end.
 */
export async function fillHoles(
  held: HeldSource,
  source: Pick<Source, 'lookUp' | 'parseText' | 'parser'>,
  writer: BatchWriter,
  options: {
    /** Holes to try, by the ids of their sessions. */
    readonly due: readonly string[];
    /** Sessions this run has asked for already. */
    readonly asked: Set<string>;
    readonly tally: Tally;
    /** Whether the list was read whole: only then is one that it does not show gone from it. */
    readonly isListWhole: boolean;
  },
): Promise<void> {
  await readTextsAgain(held, source, writer);
  const { due, asked, tally, isListWhole } = options;
  const vanished = isListWhole ? await held.read(readVanished) : [];
  const ids = [...new Set([...vanished, ...due])].filter((id) => !asked.has(id));
  const lost: string[] = [];
  for await (const answer of source.lookUp(ids)) {
    const { id } = answer;
    asked.add(id);
    switch (answer.as) {
      case 'session':
        // Listed and unreadable there, but whole by id.
        if (tally.unreadable.delete(id) || tally.unfetched.delete(id)) tally.changed += 1;
        writer.add('whole', answer.session, { fingerprint: null, isCounted: false });
        writer.heal(id);
        break;
      case 'gone':
        lost.push(id);
        // One that is listed and cannot be read there stays a hole.
        if (!tally.unreadable.has(id)) writer.heal(id);
        break;
      case 'part':
        writer.add('part', answer.session, { fingerprint: null, isCounted: false });
        writer.addHole(unreadable(id, answer.reason, answer.text));
        break;
      case 'failed':
        writer.addHole(unfetched(id, answer.reason));
    }
    await writer.writeIfFull();
  }
  await writer.writeAll();
  if (lost.length > 0 && isListWhole) await held.write((write) => markLost(write, lost));
}

async function readTextsAgain(
  held: HeldSource,
  source: Pick<Source, 'parseText' | 'parser'>,
  writer: BatchWriter,
): Promise<void> {
  for (;;) {
    const texts = await held.read((database, sourceId) =>
      readUnreadTexts(database, sourceId, source.parser, textsAtOnce),
    );
    for (const { key, text, form } of texts) {
      const read = source.parseText(text ?? '', form ?? 'entity');
      if (read.as === 'session') {
        writer.add('whole', read.session, { fingerprint: null, isCounted: false });
        writer.heal(key);
        writer.heal(read.session.id);
      } else {
        const reason = read.as === 'reference' ? 'It is a reference only.' : read.reason;
        const sessionId = read.as === 'unreadable' ? null : read.session.id;
        writer.addHole({
          kind: 'unreadable',
          key,
          sessionId,
          reason,
          text: null,
          form,
          wasTried: false,
        });
      }
    }
    if (texts.length === 0) return;
    await writer.writeAll();
  }
}

const unreadable = (id: string, reason: string, text: string): NewHole => ({
  kind: 'unreadable',
  key: id,
  sessionId: id,
  reason,
  text,
  form: 'entity',
  wasTried: true,
});
