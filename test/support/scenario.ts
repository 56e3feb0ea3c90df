import { expect, vi } from 'vitest';
import {
  startSimulator,
  type Simulator,
  type SimulatorOptions,
} from '../../src/simulator/start-simulator.ts';
import { startCli, type CliResult } from './run-cli.ts';
import { runHere } from './run-here.ts';
import { later } from './service-world.ts';
import { smallWorld } from './small-world.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** What `sync --json` prints for a source. */
export type SyncLine = {
  readonly status: 'succeeded' | 'failed' | 'skipped';
  readonly form: string | null;
  readonly listed: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number | null;
  readonly unreadable: number;
  readonly unfetched: number;
  readonly missing: number | null;
  readonly holes: number;
  readonly requests: number;
  readonly bytesReceived: number;
  readonly error: { readonly kind: string; readonly message: string } | null;
};

export type Coverage = {
  readonly from: string;
  readonly to: string;
  readonly isCovered: boolean;
  readonly via: string | null;
};
export type Hole = {
  readonly kind: string;
  readonly session_id: string | null;
  readonly reason: string | null;
  readonly attempts: number;
};
export type Environment = Readonly<Record<string, string>>;

export type Scenario = {
  readonly em: Simulator;
  readonly database: TestDatabase;
  readonly environment: Environment;
  /** One sync by the command line; its line, with everything it wrote to standard error. */
  sync(environment?: Environment): Promise<SyncLine & { readonly stderr: string }>;
  backfill(args?: readonly string[], environment?: Environment): Promise<CliResult>;
  /** Starts a command that is killed when `isTime` says so of a request. */
  kill(
    args: readonly string[],
    isTime: (request: string) => boolean,
    environment?: Environment,
  ): Promise<void>;
  status(): Promise<Record<string, unknown>>;
  coverage(): Promise<readonly Coverage[]>;
  holes(): Promise<readonly Hole[]>;
  /** What must hold after every command, whatever Enterprise Manager does. */
  checkInvariants(): Promise<void>;
};

export const source = 'em';
const patienceMs = 90_000;
// Several processes each, on machines that may have better things to do.
vi.setConfig({ testTimeout: 300_000 });

/** An Enterprise Manager of a small world whose clock stands still, and an empty history. */
export async function openScenario(options: SimulatorOptions = {}): Promise<Scenario> {
  const em = await startSimulator({
    world: smallWorld(),
    frozen: true,
    seed: 5,
    now: new Date('2026-06-15T12:00:00Z'),
    ...options,
  });
  later(() => em.close());
  const database = await createTestDatabase();
  later(() => database.drop());
  const environment = {
    EM_URL: em.url,
    EM_USERNAME: 'demo',
    EM_PASSWORD: 'demo',
    EM_NAME: source,
    DATABASE_URL: database.url,
  };
  let known: ReadonlySet<string> = new Set();
  let listedUntil: Date | undefined;

  const coverage = () =>
    database.query<Coverage>(
      `select ${isoText('from_at')} as from, ${isoText('to_at')} as to, is_covered as "isCovered", via
       from report.coverage where source = '${source}' order by from_at, to_at`,
    );
  const holes = () =>
    database.query<Hole>(
      'select kind, session_id, reason, attempts::int from report.holes order by kind, session_id, from_at',
    );

  async function checkInvariants(): Promise<void> {
    const stored = await database.query<{ id: string }>('select session_id as id from report.sessions');
    const ids = new Set(stored.map(({ id }) => id));
    expect(ids.size, 'each session stands once').toBe(stored.length);
    expect(
      [...known].filter((id) => !ids.has(id)),
      'no session is ever deleted',
    ).toEqual([]);
    known = ids;
    const rows = await coverage();
    for (const [index, row] of rows.entries()) {
      expect(row.from < row.to, `coverage row ${row.from} to ${row.to}`).toBe(true);
      expect(row.isCovered, 'a gap is what nothing read').toBe(row.via !== null);
      const next = rows[index + 1];
      if (next !== undefined) expect(next.from, 'coverage rows touch and never overlap').toBe(row.to);
    }
    if (listedUntil !== undefined) {
      expect(
        reaches(rows.at(-1)?.to, listedUntil),
        `covered to the last list, ${listedUntil.toISOString()}`,
      ).toBe(true);
    }
    const gaps = rows.filter((row) => !row.isCovered).map(({ from, to }) => ({ from, to }));
    const shown = await database.query<{ from: string; to: string }>(
      `select ${isoText('from_at')} as from, ${isoText('to_at')} as to from report.holes where kind = 'gap' order by 1`,
    );
    expect(shown, 'every gap is a hole').toEqual(gaps);
  }

  async function sync(more: Environment = {}): Promise<SyncLine & { readonly stderr: string }> {
    const { code, stdout, stderr } = await runCommand(['sync', '--json'], { ...environment, ...more });
    expect(stdout.trim().split('\n'), stderr).toHaveLength(1);
    const line = JSON.parse(stdout) as SyncLine;
    expect(code, stdout).toBe(line.status === 'failed' ? 1 : 0);
    expect(line.error === null, stdout).toBe(line.status !== 'failed');
    expectTrueSum(line);
    const wasWhole = line.status === 'succeeded' && line.form !== 'delta';
    if (wasWhole && line.listed > 0) listedUntil = em.now();
    await checkInvariants();
    return { ...line, stderr };
  }

  return {
    em,
    database,
    environment,
    sync,
    backfill: async (args = [], more = {}) => {
      const result = await runCommand(['backfill', ...args], { ...environment, ...more });
      expect([0, 1], result.stderr).toContain(result.code);
      await checkInvariants();
      return result;
    },
    kill: async (args, isTime, more = {}) => {
      const mark = em.witness.mark();
      const cli = startCli(args, { ...environment, ...more });
      em.onRequest = (request) => {
        if (isTime(request)) cli.process.kill('SIGKILL');
      };
      await cli.ended;
      em.onRequest = undefined;
      em.witness.doubtSince(mark);
      await checkInvariants();
    },
    status: async () => {
      const { stdout, code } = await runCommand(['status', '--json'], environment);
      expect(code).toBe(0);
      return JSON.parse(stdout) as Record<string, unknown>;
    },
    coverage,
    holes,
    checkInvariants,
  };
}

/** Each listed session is counted once, and a run that succeeded has none that is not whole. */
export function expectTrueSum(line: SyncLine): void {
  if (line.status === 'skipped') return;
  const { unchanged, missing } = line;
  if (unchanged !== null && missing !== null) {
    const sum = line.new + line.changed + unchanged + line.unreadable + line.unfetched + missing;
    expect(sum, JSON.stringify(line)).toBe(line.listed);
  }
  if (line.status !== 'succeeded') return;
  expect(line).toMatchObject({ missing: 0, unreadable: 0, unfetched: 0 });
}

/** A command that never ends fails the test that started it. */
async function runCommand(args: readonly string[], environment: Environment): Promise<CliResult> {
  const overtime = AbortSignal.timeout(patienceMs);
  const result = await runHere(args, environment, overtime);
  expect(overtime.aborted, `${args.join(' ')} did not end`).toBe(false);
  return result;
}

/** A time in UTC with microseconds, as text. */
export const isoText = (column: string) =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** Lists are dated to the second, and take a moment to read. A run that fails over a session may have read a later one whole. */
const reaches = (text: string | undefined, time: Date) =>
  text !== undefined && Date.parse(text) >= time.getTime() - 60_000;

/** The pauses that the service keeps have all gone by. */
export async function letPausesPass(database: TestDatabase): Promise<void> {
  const columns = await database.query<{ table: string }>(
    `select table_name as table from information_schema.columns
     where table_schema = 'public' and column_name = 'due_at'`,
  );
  for (const { table } of columns)
    await database.query(`update "${table}" set due_at = now() where due_at > now()`);
}
