import { parseArgs } from 'node:util';

export type Options = {
  /** Sessions in the lists. */
  readonly sizes: readonly number[];
  readonly cases: readonly string[];
  /** Runs of each variant, of which the median counts. */
  readonly runs: number;
  /** Sessions in the stored history that the API and the reports are asked about. */
  readonly history: number;
  /** Milliseconds that a request by id takes the simulated Enterprise Manager. */
  readonly latencyMs: number;
  readonly seconds: number;
  readonly json: string;
};

export const help = `npm run bench -- [options]
  --cases a,b    of: poll, first-sync, write, by-id, service, api, reports, growth (default: all but growth)
  --sizes n,m    sessions listed (default 10000)
  --runs n       runs of each variant, interleaved; the median counts (default 3)
  --history n    sessions stored for api, reports and growth (default 200000)
  --latency ms   time of a request by id (default 0)
  --seconds s    how long each load on the API, and each look at the service, lasts (default 5)
  --json FILE    where the results go as JSON (default .bench/results.json)
Environment: BENCH_DATABASE_URL, a PostgreSQL to use (its user must be a superuser, for COPY from a file); the embedded one
without it. BENCH_HISTORY_URL, a filled and migrated database for api and reports.`;

export function readOptions(args: readonly string[], defaultJson: string): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cases: { type: 'string', default: 'poll,first-sync,write,by-id,service,api,reports' },
      sizes: { type: 'string', default: '10000' },
      runs: { type: 'string', default: '3' },
      history: { type: 'string', default: '200000' },
      latency: { type: 'string', default: '0' },
      seconds: { type: 'string', default: '5' },
      json: { type: 'string', default: defaultJson },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    sizes: values.sizes.split(',').map(Number),
    cases: values.cases.split(','),
    runs: Number(values.runs),
    history: Number(values.history),
    latencyMs: Number(values.latency),
    seconds: Number(values.seconds),
    json: values.json,
  };
}
