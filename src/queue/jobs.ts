import { z } from 'zod';

const source = z.string().min(1);

/** What stands in the queues. Anything may: a job is checked before it is believed. */
export const jobSchema = z.discriminatedUnion('name', [
  /** From the scheduler: is it time for this source? */
  z.object({ name: z.literal('tick'), source }),
  /** One poll. */
  z.object({ name: z.literal('sync'), source, trigger: z.enum(['schedule', 'api']) }),
  /** The task backlog, as far as it is due. */
  z.object({ name: z.literal('tasks'), source }),
  /** The next days of a backfill. */
  z.object({ name: z.literal('backfill'), source }),
]);

export type SyncJob = z.infer<typeof jobSchema>;

/** Two queues, so that long quiet work never stands before a poll. */
export const queueOf = {
  tick: 'sync',
  sync: 'sync',
  tasks: 'upkeep',
  backfill: 'upkeep',
} as const satisfies Readonly<Record<SyncJob['name'], string>>;

export type QueueName = (typeof queueOf)[SyncJob['name']];
