import { createHash } from 'node:crypto';
import type { SourceProgress } from '../domain/source-progress.ts';
import type { Queues } from './open-queues.ts';
import { planSchedule } from './plan-schedule.ts';

/**
 * Makes the queue tick for the scheduled sources and no others. PostgreSQL says which these are; a queue that was wiped, or
 * lost its thread, is put right by the next call. Any number of processes may call it at any time.
 */
export async function alignSchedule(
  queues: Pick<Queues, 'readSchedule' | 'schedule' | 'unschedule'>,
  scheduled: readonly Pick<SourceProgress, 'source' | 'intervalMs'>[],
  now: number,
): Promise<void> {
  const names = new Map(scheduled.map(({ source }) => [schedulerId(source), source]));
  const wanted = scheduled.map(({ source, intervalMs }) => ({
    id: schedulerId(source),
    everyMs: intervalMs,
  }));
  const plan = planSchedule(await queues.readSchedule(), wanted, now);
  for (const id of plan.remove) await queues.unschedule(id);
  for (const { id } of plan.replace) await queues.unschedule(id);
  for (const { id, everyMs } of [...plan.add, ...plan.replace]) {
    await queues.schedule(id, everyMs, names.get(id) ?? '');
  }
}

/** Names hold what they like; the ids of schedulers must not look like those of BullMQ's former repeatable jobs (`a:b:c:...`). */
function schedulerId(source: string): string {
  return createHash('sha256').update(source).digest('hex').slice(0, 32);
}
