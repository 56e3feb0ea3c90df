import { expect } from 'vitest';
import type { ShownSession } from '../../src/simulator/view.ts';
import { jobNameOf } from '../../src/simulator/write-xml.ts';
import { isoText, type Scenario } from './scenario.ts';

type Values = Readonly<Record<string, string | number | boolean | null>>;

/** Microseconds as `2026-06-16T06:33:10.659559Z`. */
export function iso(micros: number): string {
  const seconds = new Date(Math.floor(micros / 1_000_000) * 1_000).toISOString().slice(0, 19);
  return `${seconds}.${String(micros % 1_000_000).padStart(6, '0')}Z`;
}

/** What the history must say of a session that was shown so. */
export const valuesOf = ({ session, state, result, endedAt }: ShownSession): Values => ({
  session_id: session.id,
  kind: session.type === 'AgentBackup' ? 'job' : 'computer',
  job_id: session.computer?.jobId ?? session.job.id,
  job_name: jobNameOf(session.job, session.computer),
  parent_session_id: session.parentId ?? null,
  server_name: session.job.server.name,
  state,
  result,
  is_retry: session.isRetry,
  created_at: iso(session.createdAt),
  ended_at: endedAt === undefined ? null : iso(endedAt),
});

/** What does not change when something else is renamed. */
export const ownValuesOf = (shown: ShownSession): Values =>
  Object.fromEntries(Object.entries(valuesOf(shown)).filter(([name]) => !/^(job|server)_name$/.test(name)));

export async function storedValues({ database }: Scenario): Promise<ReadonlyMap<string, Values>> {
  const rows = await database.query<Values & { session_id: string }>(
    `select session_id, kind, job_id, job_name, parent_session_id, server_name, state, result, is_retry,
       ${isoText('created_at')} as created_at, ${isoText('ended_at')} as ended_at, outcome
     from report.sessions`,
  );
  return new Map(rows.map((row) => [row.session_id, row]));
}

/** Differences between what should stand and what stands; few, so that a failure can be read. */
export function differences(
  expected: readonly Values[],
  stored: ReadonlyMap<string, Values>,
): readonly unknown[] {
  const found = expected.flatMap((values): readonly object[] => {
    const row = stored.get(String(values['session_id']));
    if (row === undefined)
      return [{ session: values['session_id'], createdAt: values['created_at'], is: 'missing' }];
    const differing = Object.entries(values).filter(([name, value]) => row[name] !== value);
    return differing.map(([name, value]) => ({
      session: values['session_id'],
      name,
      shown: value,
      stored: row[name],
    }));
  });
  return found.length <= 5 ? found : [...found.slice(0, 5), `and ${found.length - 5} more`];
}

/** Every session that was shown so is stored so, and (unless `tasks` is false) its task with it. */
export async function expectStored(
  scenario: Scenario,
  shown: readonly ShownSession[],
  options: { readonly tasks?: boolean } = {},
): Promise<void> {
  expect(differences(shown.map(valuesOf), await storedValues(scenario)), 'sessions').toEqual([]);
  if (options.tasks !== false) await expectTasksStored(scenario, shown);
}

export async function expectTasksStored(
  { database }: Scenario,
  shown: readonly ShownSession[],
): Promise<void> {
  const rows = await database.query<Values & { session_id: string }>(
    `select session_id, result, coalesce(reason, '') as reason, total_bytes::text as bytes,
       ${isoText('ended_at')} as ended_at from report.tasks`,
  );
  const stored = new Map(rows.map((row) => [row.session_id, row]));
  expect(stored.size, 'one task a session').toBe(rows.length);
  const expected = shown
    .filter(({ hasTasks, state, result }) => hasTasks && state === 'Stopped' && result !== 'None')
    .map(({ session, result, endedAt }) => ({
      session_id: session.id,
      result,
      reason: session.reason,
      bytes: String(session.bytes),
      ended_at: endedAt === undefined ? null : iso(endedAt),
    }));
  expect(differences(expected, stored), 'tasks').toEqual([]);
}

/** No moment counts as covered whose sessions are not stored; `except` knows those that came later than the reading. */
export async function expectNothingClaimedFalsely(
  scenario: Scenario,
  except: (id: string) => boolean = () => false,
): Promise<void> {
  const covered = (await scenario.coverage()).filter((row) => row.isCovered);
  const stored = await storedValues(scenario);
  const missing = scenario.em.history().filter(({ session }) => {
    const at = iso(session.createdAt);
    const isClaimed = covered.some((row) => row.from <= at && at < row.to);
    return isClaimed && !stored.has(session.id) && !except(session.id);
  });
  expect(missing.map(({ session }) => iso(session.createdAt)).slice(0, 5), 'claimed and not stored').toEqual(
    [],
  );
}

/** Nothing is left to be read, and everything that EM has since `since` is stored as EM has it. */
export async function expectEquality(
  scenario: Scenario,
  options: { readonly since?: Date; readonly tasks?: boolean } = {},
): Promise<void> {
  expect(await scenario.holes()).toEqual([]);
  const from = options.since === undefined ? undefined : options.since.getTime() * 1_000;
  const shown = scenario.em
    .history()
    .filter(({ session }) => from !== undefined && session.createdAt >= from);
  await expectStored(scenario, from === undefined ? scenario.em.sessions() : shown, options);
}
