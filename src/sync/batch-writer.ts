import { isFinal, type PartialSession } from '../domain/backup-session.ts';
import { guessComputer } from '../domain/computer-name.ts';
import type { TasksMode } from '../domain/sync-run.ts';
import { analyzeIfNew } from '../db/analyze-new.ts';
import type { NewHole } from '../db/holes.ts';
import type { HeldSource } from '../db/hold-source.ts';
import type { SessionRow, Telling } from '../db/upsert-sessions.ts';
import { packBatch, writeBatch, type PackedBatch } from '../db/write-batch.ts';
import type { Tally } from './tally.ts';
import { weighSession } from './weigh-session.ts';

export type BatchWriterOptions = {
  /** Sessions a transaction: larger batches no longer write faster, and hold more memory. */
  readonly size: number;
  readonly tasks: TasksMode;
  readonly jobNames: ReadonlySet<string>;
  /** Sessions without a final result; kept up with what is written. */
  readonly unfinished: Set<string>;
  /** Keys of the holes there are; kept up with what is written. */
  readonly holes: Set<string>;
  readonly parser: number;
  readonly onWritten?: () => void;
};

/** Characters a transaction, whatever a session has: two batches are in memory, several times over. */
const mostCharacters = 4_000_000;

/** Sessions written by one run after which new tables get statistics. */
const analyzeAfter = [500, 30_000];

/** Gathers what is to be written and writes it batch by batch, one batch behind the reader. */
export type BatchWriter = ReturnType<typeof openBatchWriter>;

/** What `add` may say of a session. */
type From = {
  /** Of the listed record it comes from; null when the list did not show it. */
  readonly fingerprint: string | null;
  /** False for a session that was counted before, or is not listed: it does not count as new or changed. */
  readonly isCounted: boolean;
};

type Gathering = Record<Telling, Map<string, { readonly session: PartialSession } & From>> & {
  relisted: Map<string, string>;
  holes: NewHole[];
  healed: string[];
};

/** A batch ready to be written, and which of its sessions have a final result. */
type Packed = {
  readonly batch: PackedBatch;
  readonly final: readonly string[];
  readonly unfinished: readonly string[];
  readonly isCounted: boolean;
};

const startGathering = (): Gathering => ({
  whole: new Map(),
  part: new Map(),
  reference: new Map(),
  relisted: new Map(),
  holes: [],
  healed: [],
});

export function openBatchWriter(held: HeldSource, tally: Tally, options: BatchWriterOptions) {
  let gathering = startGathering();
  let gathered = 0;
  let characters = 0;
  let writing: Promise<void> = Promise.resolve();
  const jobNames = new Set(options.jobNames);
  const named = new Set<string>();
  let inserted = 0;
  let analyzed = 0;
  let analyzing: Promise<void> = Promise.resolve();

  function pack(isCounted: boolean): Packed {
    const final: string[] = [];
    const unfinished: string[] = [];
    const rowsOf = (telling: Telling): readonly SessionRow[] =>
      [...gathering[telling].values()]
        .filter((one) => one.isCounted === isCounted)
        .map(({ session, fingerprint }) => {
          (isFinal(session) ? final : unfinished).push(session.id);
          // When the batch is whole: by then it has told the names of more jobs.
          const isNamed = session.kind === 'computer' && session.jobName !== null;
          return {
            session,
            fingerprint,
            computer: isNamed ? guessComputer(session.jobName, jobNames) : null,
          };
        });
    const batch = packBatch({
      whole: rowsOf('whole'),
      part: rowsOf('part'),
      reference: rowsOf('reference'),
      relisted: isCounted
        ? Array.from(gathering.relisted, ([session_id, fingerprint]) => ({ session_id, fingerprint }))
        : [],
      holes: isCounted ? gathering.holes : [],
      healed: isCounted ? gathering.healed : [],
    });
    return { batch, final, unfinished, isCounted };
  }

  async function write({ batch, final, unfinished, isCounted }: Packed): Promise<void> {
    const { holes, healed } = batch;
    const size = final.length + unfinished.length + batch.relisted.length;
    if (size + holes.length + healed.length === 0) return;
    const { counts, added } = await held.write((transaction) =>
      writeBatch(transaction, batch, { tasks: options.tasks, named, parser: options.parser }),
    );
    for (const id of added) named.add(id);
    inserted += counts.whole.inserted + counts.part.inserted + counts.reference.inserted;
    if (inserted >= (analyzeAfter[analyzed] ?? Infinity)) {
      analyzed += 1;
      const reached = inserted;
      // Beside the writing: it takes seconds, and no statement of the write path depends on it.
      analyzing = analyzing.then(() => held.read((database) => analyzeIfNew(database, reached)));
      analyzing.catch(() => undefined);
    }
    for (const { key } of holes) options.holes.add(key);
    for (const key of healed) options.holes.delete(key);
    for (const id of final) options.unfinished.delete(id);
    for (const id of unfinished) options.unfinished.add(id);
    if (!isCounted) return;
    const areHoles = new Set(holes.map((hole) => hole.key));
    // References that stay references are listed sessions like others; the rest of them are counted as holes.
    tally.new +=
      counts.whole.inserted + counts.reference.insertedIds.filter((id) => !areHoles.has(id)).length;
    tally.changed += counts.whole.changed;
    tally.stored += size;
  }

  /** Writes what has gathered once the batch before is written; resolves when that one is. */
  function startWriting(): Promise<void> {
    const before = writing;
    const counted = pack(true);
    // In a transaction of their own: nobody tells which of a batch's rows the database counted.
    const uncounted = pack(false);
    gathering = startGathering();
    gathered = 0;
    characters = 0;
    writing = before
      .then(async () => {
        await write(counted);
        await write(uncounted);
        options.onWritten?.();
      })
      .catch((error: unknown) => {
        tally.hasWriteFailed = true;
        throw error;
      });
    // Whoever waits for the batch hears of its failure; until then it must not count as unhandled.
    writing.catch(() => undefined);
    return before;
  }

  return {
    add(telling: Telling, session: PartialSession, from: From): void {
      gathering[telling].set(session.id, { session, ...from });
      gathered += 1;
      characters += weighSession(session);
      if (session.kind === 'job' && session.jobName !== null) jobNames.add(session.jobName);
      if (telling === 'whole' && options.holes.has(session.id)) gathering.healed.push(session.id);
    },
    relist(sessionId: string, fingerprint: string): void {
      gathering.relisted.set(sessionId, fingerprint);
      gathered += 1;
    },
    addHole(hole: NewHole): void {
      gathering.holes.push(hole);
      characters += hole.text?.length ?? 0;
    },
    /** The source has said its last word on a session: it is no hole any more. */
    heal(key: string): void {
      if (options.holes.has(key)) gathering.healed.push(key);
    },
    /** Writes a batch's worth; waits for the batch before, so that memory stays bounded. */
    async writeIfFull(): Promise<void> {
      if (gathered >= options.size || characters >= mostCharacters) await startWriting();
    },
    /** Writes all that has gathered, and waits for it. */
    async writeAll(): Promise<void> {
      await startWriting();
      await writing;
      await analyzing;
    },
  };
}
