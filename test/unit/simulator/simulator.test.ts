import { afterEach, describe, expect, it } from 'vitest';
import { editRecords, illFormed, repeat, setElement } from '../../../src/simulator/record-edits.ts';
import {
  startSimulator,
  type Simulator,
  type SimulatorOptions,
} from '../../../src/simulator/start-simulator.ts';
import { addSessions, dayMicros, hourMicros, microsNow, quietWorld } from '../../support/small-world.ts';

let em: Simulator;
afterEach(() => em.close());

async function start(options: SimulatorOptions = {}): Promise<void> {
  em = await startSimulator({
    world: quietWorld(),
    frozen: true,
    now: new Date('2026-06-15T12:00:00Z'),
    ...options,
  });
}

async function get(
  path: string,
): Promise<{ readonly status: number; readonly body: string; readonly date: string | null }> {
  const authorization = `Basic ${Buffer.from('demo:demo').toString('base64')}`;
  const logon = await fetch(`${em.url}/api/sessionMngr/?v=latest`, {
    method: 'POST',
    headers: { authorization },
  });
  const token = logon.headers.get('x-restsvcsessionid') ?? '';
  const answer = await fetch(`${em.url}/api${path}`, { headers: { 'x-restsvcsessionid': token } });
  return { status: answer.status, body: await answer.text(), date: answer.headers.get('date') };
}

const idsIn = (body: string, kind = 'BackupJobSession') =>
  [...body.matchAll(new RegExp(`UID="urn:veeam:${kind}:([^"]+)"`, 'g'))].map(([, id]) => id ?? '');
const query = (filter: string, more = '', type = 'BackupJobSession') =>
  get(`/query?type=${type}&format=Entities&filter=${encodeURIComponent(filter)}&sortAsc=CreationTime${more}`);
const all = 'JobType==AgentBackup,JobType==AgentManagement';

describe('the simulated Enterprise Manager', () => {
  it('shows its clock, and cuts its lists 30 days before it', async () => {
    await start();
    addSessions(em, 1, microsNow(em) - 29 * dayMicros, 1);
    addSessions(em, 1, microsNow(em) - 31 * dayMicros, 1);
    const { body, date } = await get('/agents/backupSessions?format=Entity');
    expect(date).toBe('Mon, 15 Jun 2026 12:00:00 GMT');
    expect(idsIn(body)).toHaveLength(1);
    expect(idsIn((await query(all)).body)).toHaveLength(2);
    em.query.reachDays = 30;
    expect(idsIn((await query(all)).body)).toHaveLength(1);
    em.advance(92 * 86_400_000);
    em.repent();
    expect(idsIn((await query(all)).body)).toHaveLength(0);
  });

  it('tells what became of its sessions', async () => {
    await start();
    const [one, other] = addSessions(em, 2, microsNow(em) - dayMicros, hourMicros);
    if (one === undefined || other === undefined) throw new Error('too few');
    em.upheavals.change(one.id, { result: 'Failed', reason: 'No & no' });
    em.upheavals.rename(one.job.id, 'Another');
    const comesBack = em.upheavals.hide(({ id }) => id === other.id);
    const list = await get('/agents/backupSessions?format=Entity');
    expect(idsIn(list.body)).toEqual([one.id]);
    expect(list.body).toMatch(/<JobName>Another - PC-111<.*<Result>Failed</s);
    expect((await get(`/backupSessions/${one.id}/taskSessions?format=Entity`)).body).toContain('No &amp; no');
    const gone = await get(`/backupSessions/${other.id}?format=Entity`);
    expect([gone.status, gone.body]).toEqual([404, expect.stringMatching(/<Error .*StatusCode="404"/)]);
    comesBack();
    expect(em.sessions()).toHaveLength(2);
  });

  it('looks up sessions and tasks by many ids, with and without what stands before an id', async () => {
    await start();
    const [a, b] = addSessions(em, 3, microsNow(em) - dayMicros, hourMicros).map(({ id }) => id);
    const filter = `UID==${a ?? ''},UID=="urn:veeam:BackupJobSession:${b ?? ''}"`;
    expect(idsIn((await query(filter)).body)).toEqual([a, b]);
    const tasks = await query(`JobSessionUid==${a ?? ''},JobSessionUid==${b ?? ''}`, '', 'BackupTaskSession');
    expect(idsIn(tasks.body, 'BackupTaskSession')).toHaveLength(2);
    em.query.rows = 'short-batches';
    expect(idsIn((await query(filter)).body)).toHaveLength(1);
    Object.assign(em.query, { rows: 'honest', filter: 'first-alternative' });
    expect(idsIn((await query(filter)).body)).toEqual([a]);
    em.query.filter = 'ignored';
    expect(idsIn((await query(filter)).body)).toHaveLength(3);
  });

  it('pages, truthfully or not', async () => {
    await start();
    addSessions(em, 25, microsNow(em) - dayMicros, 0);
    const page = async (more: string) => {
      const { body } = await query(all, more);
      return { ids: idsIn(body), paging: /<PagingInfo[^>]*>/.exec(body)?.[0] };
    };
    expect((await page('&pageSize=10&page=3')).ids).toHaveLength(5);
    em.query.pageSize = 'capped';
    expect(await page('&pageSize=100')).toMatchObject({
      paging: '<PagingInfo PageNum="1" PageSize="10" PagesCount="3">',
    });
    em.query.order = 'unstable';
    expect((await page('')).ids).not.toEqual((await page('')).ids);
    em.query.paging = 'missing';
    expect((await page('')).paging).toBeUndefined();
    em.repent();
    em.query.rows = 'removed-between-pages';
    await page('&pageSize=10&page=2');
    expect(em.sessions()).toHaveLength(22);
    em.repent();
    expect(em.sessions()).toHaveLength(25);
  });

  it('spoils the records that it is told to, after so many answers', async () => {
    await start();
    const [odd] = addSessions(em, 3, microsNow(em) - dayMicros, hourMicros).map(({ id }) => id);
    const edit = editRecords([odd ?? ''], repeat(setElement('Result', 'Odd'), 'before'));
    em.faults.push({ on: /agents\/backupSessions/, kind: 'edit', after: 1, times: 1, edit });
    const lists = [];
    for (let times = 0; times < 3; times += 1)
      lists.push((await get('/agents/backupSessions?format=Entity')).body);
    expect(lists.map((body) => idsIn(body).length)).toEqual([3, 4, 3]);
    expect(lists[1]).toContain('<Result>Odd</Result>');
    for (const spoil of Object.values(illFormed))
      expect(editRecords('all', spoil)(lists[0] ?? '')).not.toBe(lists[0]);
  });

  it('remembers what it showed, and what may not have arrived', async () => {
    await start();
    const [one] = addSessions(em, 1, microsNow(em) - dayMicros, hourMicros);
    const id = one?.id ?? '';
    await get('/agents/backupSessions?format=Entity');
    expect(em.witness.seen().get(id)).toMatchObject({ isSure: true, values: [{ result: 'Success' }] });
    em.upheavals.change(id, { result: 'Failed' });
    em.faults.push({ on: /agents/, kind: 'truncate', afterBytes: 10 });
    await get('/agents/backupSessions?format=Entity');
    expect(em.witness.seen().get(id)).toMatchObject({
      isSure: true,
      values: [{ result: 'Success' }, { result: 'Failed' }],
    });
  });
});
