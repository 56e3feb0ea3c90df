import type { FastifyReply, FastifyRequest } from 'fastify';
import { readTime } from '../query/sql/read-values.ts';
import { clientOf } from './access.ts';
import { readParameter } from './answer-one.ts';
import { Problem } from './problems.ts';
import { readyPool, type QueryOptions } from './query-options.ts';
import type { Turns } from './take-turns.ts';
import { watchClient } from './watch-client.ts';

/** Among the turns of its client: a few statements, most of them the queue's. */
const weight = 1;

/** Asks for a sync, and says where to follow it. */
export function answerSync(options: QueryOptions, turns: Turns) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const client = watchClient(request);
    return turns
      .take(clientOf(request), weight, client.gone)
      .then((end) => ask(request, reply).finally(end))
      .finally(client.forget);
  };

  async function ask(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const source = readParameter('name', 'text', (request.params as { readonly name: string }).name);
    const pool = readyPool(options.pool);
    const visible = request.access?.limits.sources ?? [];
    if (visible.length > 0 && !visible.includes(source))
      throw new Problem('not-found', `There is no source ${source}.`);
    // By the clock that runs are dated with. A run under way is the answer to the request, too.
    const { rows } = await pool.query<{ now: string; since: string }>(
      `select now()::text as now,
         coalesce(
           (
             select run.started_at from sync_runs as run join sources as source on source.id = run.source_id
             where source.name = $1::text and run.status = 'running' order by run.started_at desc limit 1
           ),
           now()
         )::text as since`,
      [source],
    );
    const requestedAt = readTime(rows[0]?.now ?? '');
    const since = readTime(rows[0]?.since ?? '');
    switch (await options.requestSync(source)) {
      case 'unknown':
        throw new Problem('not-found', `There is no source ${source}.`);
      case 'not-scheduled':
        throw new Problem('not-scheduled', `No worker reads ${source}.`);
      case 'credentials-refused':
        throw new Problem('credentials-refused', `${source} refused its user name or password.`);
      case 'queued': {
        const runs = `/api/v1/sync-runs?source=${encodeURIComponent(source)}&startedFrom=${since}`;
        return reply.code(202).header('location', runs).send({ source, requestedAt, runs });
      }
    }
  }
}
