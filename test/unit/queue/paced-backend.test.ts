import type { BackendFactory, IQueueBackend } from 'bullmq';
import { expect, it } from 'vitest';
import { pace } from '../../../src/queue/paced-backend.ts';

/** A backend of BullMQ whose server is down. */
const down = (() => ({
  moveToActive: () => Promise.reject(new Error('down')),
  waitForJob: () => Promise.reject(new Error('down')),
})) as unknown as BackendFactory<IQueueBackend, unknown>;

it('does not keep a worker that closes waiting for the end of a pause', async () => {
  const closing = new AbortController();
  const backend = pace(down, closing.signal)('queue', {} as never, {});
  const order: string[] = [];
  const asked = backend.waitForJob(0).catch(() => order.push('answered'));
  order.push('closing');
  closing.abort();
  await asked;
  // While it closes, no pause begins either: thousands would take hours.
  for (let attempt = 0; attempt < 1_000; attempt += 1) await backend.waitForJob(0).catch(() => undefined);
  expect(order).toEqual(['closing', 'answered']);
}, 10_000);
