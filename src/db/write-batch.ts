import type { TasksMode } from '../domain/sync-run.ts';
import { followSessions } from './follow-sessions.ts';
import { closeHoles, noteHoles, type NewHole } from './holes.ts';
import { addNamedInventory, type NamedInventory } from './inventory.ts';
import { queueTasks } from './task-backlog.ts';
import type { PackedRows } from './pack-session.ts';
import { markListed, upsertSessions, type Telling, type Upserted } from './upsert-sessions.ts';
import type { Write } from './write-transaction.ts';

/** What comes true together. No session may occur twice in it. */
export type Batch = Readonly<Record<Telling, PackedRows>> & {
  /** Servers and jobs that its sessions name, unless they are known to be stored. */
  readonly named: NamedInventory;
  /** Listed sessions that are stored as they are, under the record that shows them now. */
  readonly relisted: readonly { readonly session_id: string; readonly fingerprint: string }[];
  readonly holes: readonly NewHole[];
  /** Sessions that are stored whole now, and may have been holes. */
  readonly healed: readonly string[];
};

export type BatchCounts = Readonly<Record<Telling, Upserted>>;

/**
 * The way of sessions into the database, in the order in which it happens, within one transaction that has proved the run's
 * hold on the source already.
 */
export async function writeBatch(
  write: Write,
  batch: Batch,
  options: { readonly tasks: TasksMode; readonly parser: number },
): Promise<BatchCounts> {
  await addNamedInventory(write, batch.named);
  const whole = await upsertSessions(write, 'whole', batch.whole);
  const part = await upsertSessions(write, 'part', batch.part);
  const reference = await upsertSessions(write, 'reference', batch.reference);
  const returned = [...whole.returnedIds, ...part.returnedIds, ...reference.returnedIds];
  await queueTasks(write, options.tasks, returned);
  await followSessions(write, [...whole.moved, ...part.moved, ...reference.moved]);
  await markListed(write, batch.relisted);
  await noteHoles(write, batch.holes, options.parser);
  await closeHoles(write, batch.healed);
  return { whole, part, reference };
}
