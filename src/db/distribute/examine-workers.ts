import type pg from 'pg';

/** Seconds by which the clocks of the servers may differ: times of 30 days and "overdue" are worked out where the rows lie. */
const mostSecondsApart = 5;

type WorkerFacts = {
  readonly jit: string;
  readonly timezone: string;
  readonly prepared: number;
  readonly connections: number;
  readonly clock: number;
};

/**
 * What is wrong with the settings of the workers of a distributed history, a sentence each with the statement that mends it; nothing: all is
 * well. A worker runs its part of every question with settings of its own, whatever the client set.
 */
export async function examineWorkers(client: Pick<pg.ClientBase, 'query'>): Promise<readonly string[]> {
  const { rows: own } = await client.query<{
    database: string;
    connections: number;
    pool: number;
    clock: number;
  }>(
    `select quote_ident(current_database()) as database, current_setting('max_connections')::integer as connections,
       current_setting('citus.max_adaptive_executor_pool_size')::integer as pool,
       extract(epoch from clock_timestamp())::double precision as clock`,
  );
  const [here] = own;
  if (here === undefined) throw new Error('the database answered without a row');
  const { rows } = await client.query<{ node: string; isGood: boolean; result: string }>(
    `select nodename || ':' || nodeport as node, success as "isGood", result
     from run_command_on_workers($$
       select json_build_object(
         'jit', current_setting('jit'), 'timezone', current_setting('timezone'),
         'prepared', current_setting('max_prepared_transactions')::integer,
         'connections', current_setting('max_connections')::integer,
         'clock', extract(epoch from clock_timestamp()))
     $$)
     join pg_dist_node using (nodename, nodeport)`,
  );
  return rows.flatMap(({ node, isGood, result }) =>
    isGood
      ? judgeWorker(node, JSON.parse(result) as WorkerFacts, here)
      : [`worker ${node} does not answer: ${result}`],
  );
}

function judgeWorker(
  node: string,
  { jit, timezone, prepared, connections, clock }: WorkerFacts,
  here: {
    readonly database: string;
    readonly connections: number;
    readonly pool: number;
    readonly clock: number;
  },
): readonly string[] {
  const faults: string[] = [];
  // Citus brings it to the workers.
  const remedy = (setting: string) =>
    `on the coordinator run: alter database ${here.database} set ${setting};`;
  if (jit !== 'off')
    faults.push(
      `worker ${node}: jit is on, and compiling takes longer than the questions; ${remedy('jit = off')}`,
    );
  if (!/^(Etc\/)?(UTC|GMT|UCT|Zulu)$/i.test(timezone))
    faults.push(
      `worker ${node}: its time zone is ${timezone}, and times are worked out there; ${remedy("timezone = 'UTC'")}`,
    );
  if (prepared === 0)
    faults.push(
      `worker ${node}: max_prepared_transactions is 0, and nothing can be committed on several workers; set it to ${2 * here.connections} and restart`,
    );
  if (connections < here.connections)
    faults.push(
      `worker ${node}: max_connections is ${connections}, on the coordinator ${here.connections}: each question over all sources takes a connection ` +
        `to the worker for each of its shards (at most citus.max_adaptive_executor_pool_size, ${here.pool}); let it have as many at least`,
    );
  if (Math.abs(clock - here.clock) > mostSecondsApart)
    faults.push(
      `worker ${node}: its clock differs from the coordinator's by ${Math.round(Math.abs(clock - here.clock))} s; let all servers follow one time service`,
    );
  return faults;
}
