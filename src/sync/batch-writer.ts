import { isFinal, type PartialSession } from '../domain/backup-session.ts';
import { guessComputer } from '../domain/computer-name.ts';
import type { TasksMode } from '../domain/sync-run.ts';
import { analyzeIfNew } from '../db/analyze-new.ts';
import type { NewHole } from '../db/holes.ts';
import type { HeldSource } from '../db/hold-source.ts';
import { packRows, packSession, type PackedSession, type SessionRow } from '../db/pack-session.ts';
import type { Telling } from '../db/upsert-sessions.ts';
import type { NamedJob, NamedServer } from '../db/inventory.ts';
import { writeBatch, type Batch } from '../db/write-batch.ts';
import type { Tally } from './tally.ts';

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

/** A session as it waits for its batch: as an object it would take several times the memory. */
type Waiting = {
  readonly packed: PackedSession;
  /** Of a computer's job, to tell the computer from when the batch is whole: by then it has told the names of more jobs. */
  readonly childJobName: string | null;
  readonly isFinal: boolean;
  readonly isCounted: boolean;
};

const startGathering = () => ({
  whole: new Map<string, Waiting>(),
  part: new Map<string, Waiting>(),
  reference: new Map<string, Waiting>(),
  servers: new Map<string, NamedServer>(),
  jobs: new Map<string, Omit<NamedJob, 'computer'>>(),
  relisted: new Map<string, string>(),
  holes: [] as NewHole[],
  healed: [] as string[],
});

type Gathering = ReturnType<typeof startGathering>;

type Prepared = {
  readonly batch: Batch;
  readonly final: readonly string[];
  readonly unfinished: readonly string[];
  readonly sessions: number;
  readonly isCounted: boolean;
};

export function openBatchWriter(held: HeldSource, tally: Tally, options: BatchWriterOptions) {
  let gathering = startGathering();
  let gathered = 0;
  let characters = 0;
  let writing: Promise<void> = Promise.resolve();
  const jobNames = new Set(options.jobNames);
  /** Servers and jobs. */
  const stored = new Set<string>();
  let inserted = 0;
  let analyzed = 0;
  let analyzing: Promise<void> = Promise.resolve();

  const computerOf = (childJobName: string | null) =>
    childJobName === null ? null : guessComputer(childJobName, jobNames);

  function gatherNamed({ serverId, serverName, jobId, jobName, kind }: PartialSession): void {
    if (serverId !== null && !stored.has(serverId))
      gathering.servers.set(serverId, { server_id: serverId, server_name: serverName ?? '' });
    if (jobId !== null && !stored.has(jobId))
      gathering.jobs.set(jobId, {
        job_id: jobId,
        job_name: jobName ?? '',
        kind,
        server_id: serverId,
        server_name: serverName,
      });
  }

  /** What is written of a full batch; undefined: nothing. */
  function prepare(full: Gathering, isCounted: boolean): Prepared | undefined {
    const final: string[] = [];
    const unfinished: string[] = [];
    const rowsOf = (telling: Telling) => {
      const rows: SessionRow[] = [];
      for (const [id, one] of full[telling]) {
        if (one.isCounted !== isCounted) continue;
        (one.isFinal ? final : unfinished).push(id);
        rows.push({ packed: one.packed, computer: computerOf(one.childJobName) });
      }
      return packRows(rows);
    };
    const jobs = Array.from(full.jobs.values(), (job) => {
      const computer = computerOf(job.kind === 'computer' ? job.job_name : null);
      return { ...job, computer: computer === job.job_name ? null : computer };
    });
    const batch: Batch = {
      whole: rowsOf('whole'),
      part: rowsOf('part'),
      reference: rowsOf('reference'),
      named: { servers: [...full.servers.values()], jobs },
      relisted: isCounted
        ? Array.from(full.relisted, ([session_id, fingerprint]) => ({ session_id, fingerprint }))
        : [],
      holes: isCounted ? full.holes : [],
      healed: isCounted ? full.healed : [],
    };
    const sessions = final.length + unfinished.length + batch.relisted.length;
    if (sessions + batch.holes.length + batch.healed.length === 0) return undefined;
    return { batch, final, unfinished, sessions, isCounted };
  }

  async function write({ batch, final, unfinished, sessions, isCounted }: Prepared): Promise<void> {
    const { holes, healed } = batch;
    const counts = await held.write((transaction) =>
      writeBatch(transaction, batch, { tasks: options.tasks, parser: options.parser }),
    );
    for (const { server_id } of batch.named.servers) stored.add(server_id);
    for (const { job_id } of batch.named.jobs) stored.add(job_id);
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
    tally.stored += sessions;
  }

  /** Writes what has gathered once the batch before is written; resolves when that one is. */
  function startWriting(): Promise<void> {
    const before = writing;
    // The second in a transaction of its own: nobody tells which of a batch's rows the database counted. Both are prepared while
    // the database writes the batch before.
    const prepared = [prepare(gathering, true), prepare(gathering, false)];
    gathering = startGathering();
    gathered = 0;
    characters = 0;
    writing = before
      .then(async () => {
        for (const one of prepared) if (one !== undefined) await write(one);
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
      const packed = packSession(session, from.fingerprint);
      gathering[telling].set(session.id, {
        packed,
        childJobName: session.kind === 'computer' ? session.jobName : null,
        isFinal: isFinal(session),
        isCounted: from.isCounted,
      });
      gatherNamed(session);
      gathered += 1;
      characters += packed.length;
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
