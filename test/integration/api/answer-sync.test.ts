import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { answerSync } from '../../../src/api/answer-sync.ts';
import type { QueryOptions } from '../../../src/api/query-options.ts';
import { createTurns } from '../../../src/api/take-turns.ts';
import { openQueryPool } from '../../../src/query/sql/open-query-pool.ts';
import { createTestDatabase } from '../../support/test-database.ts';

it('takes turns with the other questions of its client', async () => {
  const database = await createTestDatabase();
  const pool = openQueryPool(database.url, 10, () => undefined);
  const begun: (() => void)[] = [];
  const options: Pick<QueryOptions, 'pool' | 'requestSync'> = {
    pool: () => pool,
    requestSync: () =>
      new Promise((resolve) => {
        begun.push(() => {
          resolve('queued');
        });
      }),
  };
  const turns = createTurns({ connections: 10, atOnce: 2, burstMs: 60_000, waiting: 10, waitMs: 60_000 });
  const api = Fastify();
  api.decorateRequest('access', undefined);
  api.post('/:name', answerSync(options as QueryOptions, turns));
  try {
    const answers = Array.from({ length: 5 }, () => api.inject({ method: 'POST', url: '/em' }));
    for (let answered = 0; answered < 5; answered += 1) {
      await expect.poll(() => begun.length).toBe(Math.min(5, answered + 2));
      begun[answered]?.();
      await Promise.race(answers.slice(answered));
    }
    expect((await Promise.all(answers)).map(({ statusCode }) => statusCode)).toEqual(Array(5).fill(202));
  } finally {
    await api.close();
    await pool.end();
    await database.drop();
  }
});
