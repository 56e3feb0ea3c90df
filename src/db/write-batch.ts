import type { TasksMode } from '../domain/sync-run.ts';
import { followSessions } from './follow-sessions.ts';
import { closeHoles, noteHoles, type NewHole } from './holes.ts';
import { addNamedInventory, inventoryOf, type NamedInventory } from './inventory.ts';
import { queueTasks } from './task-backlog.ts';
import {
  markListed,
  packSessions,
  upsertSessions,
  type PackedSessions,
  type SessionRow,
  type Telling,
  type Upserted,
} from './upsert-sessions.ts';
import type { Write } from './write-transaction.ts';

/** What comes true together. No session may occur twice in it. */
export type Batch = Readonly<Record<Telling, readonly SessionRow[]>> & {
  /** Listed sessions that are stored as they are, under the record that shows them now. */
  readonly relisted: readonly { readonly session_id: string; readonly fingerprint: string }[];
  readonly holes: readonly NewHole[];
  /** Sessions that are stored whole now, and may have been holes. */
  readonly healed: readonly string[];
};

/** A batch as the database takes it. */
export type PackedBatch = Omit<Batch, Telling> &
  Readonly<Record<Telling, PackedSessions>> & { readonly named: NamedInventory };

export type BatchCounts = Readonly<Record<Telling, Upserted>>;

/**
 * Done while the batch before is written: PostgreSQL is what a first sync waits for. What is packed holds none of the sessions,
 * which take several times the memory.
 */
export const packBatch = (batch: Batch): PackedBatch => ({
  ...batch,
  whole: packSessions(batch.whole),
  part: packSessions(batch.part),
  reference: packSessions(batch.reference),
  named: inventoryOf([...batch.whole, ...batch.part, ...batch.reference]),
});

/**
 * The way of sessions into the database, in the order in which it happens, within one transaction that has proved the run's
 * hold on the source already. `named`: ids of servers and jobs that are known to be stored; the caller adds what was added.
 */
export async function writeBatch(
  write: Write,
  batch: PackedBatch,
  options: { readonly tasks: TasksMode; readonly named: ReadonlySet<string>; readonly parser: number },
): Promise<{ readonly counts: BatchCounts; readonly added: readonly string[] }> {
  const added = await addNamedInventory(write, batch.named, options.named);
  const whole = await upsertSessions(write, 'whole', batch.whole);
  const part = await upsertSessions(write, 'part', batch.part);
  const reference = await upsertSessions(write, 'reference', batch.reference);
  const returned = [...whole.returnedIds, ...part.returnedIds, ...reference.returnedIds];
  await queueTasks(write, options.tasks, returned);
  await followSessions(write, [...whole.moved, ...part.moved, ...reference.moved]);
  await markListed(write, batch.relisted);
  await noteHoles(write, batch.holes, options.parser);
  await closeHoles(write, batch.healed);
  return { counts: { whole, part, reference }, added };
}
