import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awkwardHistory } from '../support/awkward-history.ts';
import { startEmDouble, type DoubleSession, type EmDouble } from '../support/em-double.ts';
import { syncOnce } from '../support/sync-once.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

describe.each(['entity', 'reference'] as const)('an awkward history, list form %s', (form) => {
  let em: EmDouble;
  let database: TestDatabase;
  /** The last version the double ever showed, by id. */
  const served = new Map<string, DoubleSession>();
  const note = () => em.sessions.forEach((session) => served.set(session.id, { ...session }));

  beforeAll(async () => {
    em = await startEmDouble();
    em.form = form;
    database = await createTestDatabase();
    const { sessions, tasks } = awkwardHistory('2026-10-05');
    em.sessions.push(...sessions);
    em.tasks.push(...tasks);
    note();
  });

  afterAll(async () => {
    await em.close();
    await database.drop();
  });

  const stored = () =>
    database.query(
      `select session_id, session_name, kind, job_type, job_id, job_name, parent_session_id, server_id, server_name, state, result,
         outcome, is_final, is_retry, progress,
         to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created,
         to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ended
       from report.sessions`,
    );

  const micros = (text: string | undefined) =>
    text === undefined ? null : `${text.slice(0, 19)}.${(/\.(\d+)/.exec(text)?.[1] ?? '').padEnd(6, '0')}Z`;

  function expected(session: DoubleSession): Record<string, unknown> {
    const isFinal = session.state === 'Stopped' && session.result !== 'None' && session.ended !== undefined;
    const outcomes: Record<string, string> = { Success: 'success', Warning: 'warning', Failed: 'failed' };
    return {
      session_id: session.id,
      session_name: session.name,
      kind: { AgentBackup: 'job', AgentManagement: 'computer' }[session.jobType] ?? 'other',
      job_type: session.jobType,
      job_id: session.jobId,
      job_name: session.jobName,
      parent_session_id: session.parentId ?? null,
      server_id: session.serverId,
      server_name: session.serverName,
      state: session.state,
      result: session.result,
      outcome: isFinal ? (outcomes[session.result] ?? 'unknown') : 'running',
      is_final: isFinal,
      is_retry: session.isRetry ?? false,
      progress: session.progress,
      created: micros(session.created),
      ended: micros(session.ended),
    };
  }

  async function compare(): Promise<void> {
    const rows = new Map((await stored()).map((row) => [row['session_id'], row]));
    expect(rows.size).toBe(served.size);
    for (const session of served.values()) expect(rows.get(session.id)).toEqual(expected(session));
  }

  it('is stored as it was shown, field by field', async () => {
    const report = await syncOnce(em.url, database.url);
    expect(report).toMatchObject({
      status: 'succeeded',
      form,
      listed: served.size,
      new: served.size,
      missing: 0,
    });
    await compare();
    expect(em.logons.size).toBe(0);
  });

  it('keeps tasks, reasons and sizes, and names computers by them', async () => {
    const rows = await database.query<{
      computer: string;
      reason: string | null;
      bytes: string;
      tasks: number;
    }>(
      `select computer, failure_reason as reason, processed_bytes::text as bytes, task_count as tasks
       from report.sessions where is_final and kind = 'computer' and job_name like 'a - b - c - %' order by computer, created_at`,
    );
    expect(rows.map((row) => row.computer)).toEqual(['PC - 4', 'PC - 4', 'PC - 4', 'PC-1', 'PC-1', 'PC-1']);
    expect(rows.flatMap((row) => row.reason ?? [])).toEqual(['Because of a - b - c', 'Because of a - b - c']);
    expect(rows[0]).toMatchObject({ bytes: '1000000000000', tasks: 1 });
    // A job's session has no task of its own, and so no known size.
    expect(
      await database.query(`select distinct processed_bytes from report.sessions where kind = 'job'`),
    ).toEqual([{ processed_bytes: null }]);
    const running = await database.query<{ computer: string }>(
      `select distinct computer from report.sessions where outcome = 'running' and kind = 'computer' order by 1`,
    );
    expect(running.map((row) => row.computer)).toContain('PC-1');
  });

  it('knows which parents are known', async () => {
    const rows = await database.query(
      `select parent_known, count(*)::int as links from report.session_links group by 1 order by 1`,
    );
    expect(rows).toEqual([
      { parent_known: false, links: 2 },
      {
        parent_known: true,
        links: em.sessions.filter((session) => session.parentId !== undefined).length - 2,
      },
    ]);
  });

  it('keeps elements nobody knows', async () => {
    const rows = await database.query(`select distinct extra from sessions where extra is not null`);
    expect(rows).toEqual([{ extra: { Flavour: { Kind: 'new', Note: '1', '#text': 'sweet & sour' } } }]);
  });

  it('writes no row and asks for one list when nothing is new', async () => {
    const versions = () =>
      database.query(
        `select 's' as t, session_id as id, xmin::text, ctid::text from sessions union all select 't', task_id, xmin::text, ctid::text from tasks union all select 'j', job_id, xmin::text, ctid::text from jobs order by 1, 2`,
      );
    const before = await versions();
    em.requests.length = 0;
    const report = await syncOnce(em.url, database.url);
    expect(report).toMatchObject({
      status: 'succeeded',
      new: 0,
      changed: 0,
      unchanged: served.size,
      missing: 0,
    });
    expect(await versions()).toEqual(before);
    expect(em.requests.filter((request) => request.includes('/agents/backupSessions'))).toHaveLength(1);
    const byId = em.requests.filter((request) => request.includes('/api/backupSessions/'));
    const unfinished = em.sessions.filter((session) => session.state !== 'Stopped').length;
    expect(byId).toHaveLength(form === 'entity' ? 0 : unfinished);
  });

  it('takes over what changed, and forgets nothing that leaves the list', async () => {
    const finished = em.sessions.filter((session) => session.state === 'Working');
    for (const session of finished)
      Object.assign(session, {
        state: 'Stopped',
        result: 'Success',
        ended: '2026-10-05T05:00:00.000001Z',
        progress: 100,
      });
    const left = em.sessions.splice(0, 20);
    const { sessions } = awkwardHistory('2026-10-12');
    em.sessions.push(...sessions);
    note();
    left.forEach((session) => served.set(session.id, { ...session }));
    em.unlisted.push(...left);
    const report = await syncOnce(em.url, database.url);
    expect(report).toMatchObject({ status: 'succeeded', new: sessions.length, missing: 0 });
    await compare();

    // After the window has moved on, only new ones are listed.
    em.sessions.splice(0, em.sessions.length, ...awkwardHistory('2026-11-20').sessions.slice(0, 30));
    note();
    expect(await syncOnce(em.url, database.url)).toMatchObject({ status: 'succeeded', listed: 30, new: 30 });
    const [{ count } = { count: 0 }] = await database.query<{ count: number }>(
      'select count(*)::int from sessions',
    );
    expect(count).toBe(served.size);
  });
});
