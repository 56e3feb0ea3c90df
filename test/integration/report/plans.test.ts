import pg from 'pg';
import { expect, it } from 'vitest';
import { countListedSessions } from '../../../src/db/listed-records.ts';
import { statementsOf } from '../../../src/db/statements.ts';
import { createTestDatabase } from '../../support/test-database.ts';

/** What the planner chose for every statement while the work was done, those inside of functions included. */
async function plansOf(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const plans: string[] = [];
  client.on('notice', ({ message }) => plans.push(message ?? ''));
  try {
    await client.query(`load 'auto_explain'`);
    for (const [name, value] of Object.entries({
      log_min_duration: '0',
      log_nested_statements: 'on',
      log_level: 'notice',
    }))
      await client.query(`set auto_explain.${name} = '${value}'`);
    await client.query(`set client_min_messages = notice`);
    await work(client);
  } finally {
    await client.end();
  }
  return plans.join('\n');
}

it('keeps runs by look-ups and hashes also in tables that look empty, as they do in a first sync', async () => {
  const database = await createTestDatabase();
  try {
    await database.query(`insert into sources (name, url) values ('em', 'https://em')`);
    // So that nothing learns in between what the planner cannot know in a first sync.
    await database.query(`alter table sessions set (autovacuum_enabled = off)`);
    const store = (from: number, to: number) => `
      insert into sessions (source_id, session_id, session_name, kind, job_id, job_name, computer, is_retry, state, result, created_at, ended_at)
      select 1, gen_random_uuid(), 'session', 'computer', md5(concat(number % 100))::uuid, 'job', 'pc ' || number % 100, number % 7 = 0, 'Stopped',
        'Success', timestamptz '2026-01-01' + number * interval '1 minute', timestamptz '2026-01-01' + number * interval '2 minutes'
      from generate_series(${from}, ${to}) as number`;
    const plans = await plansOf(database.url, async (client) => {
      for (let from = 0; from < 6_000; from += 1_000) await client.query(store(from + 1, from + 1_000));
      await client.query(`update sessions set computer = 'renamed ' || computer`);
    });
    expect(plans).toContain('Named Tuplestore Scan');
    // A bitmap of a whole source, once a row.
    expect(plans).not.toContain('BitmapAnd');
    // Each old row beside each new one.
    expect(plans).not.toMatch(/Nested Loop[^\n]*\n\s+Join Filter: [^\n]*old_rows/);
    expect(plans).toMatch(/(Hash|Merge) Cond: [^\n]*old_rows/);
  } finally {
    await database.drop();
  }
});

it('proves that nothing is missing by a look-up for each listed session, however many the source ever had', async () => {
  const database = await createTestDatabase();
  try {
    await database.query(`insert into sources (name, url) values ('em', 'https://em')`);
    await database.query(`
      insert into sessions (source_id, session_id, session_name, kind, is_retry, created_at)
      select 1, md5(number::text)::uuid, 'session', 'other', false, timestamptz '2026-01-01' + number * interval '1 minute'
      from generate_series(1, 5000) as number`);
    await database.query(`
      insert into listed_records (source_id, fingerprint, session_id)
      select 1, gen_random_uuid(), md5((number / 2)::text)::uuid from generate_series(2, 4001) as number`);
    for (const isAnalysed of [false, true]) {
      if (isAnalysed) await database.query('analyze');
      let stored = 0;
      const plans = await plansOf(database.url, async (client) => {
        stored = await countListedSessions(statementsOf(client), 1);
      });
      expect(stored).toBe(2_000);
      expect(plans).toMatch(
        /sessions_pkey[^\n]*\n\s+Index Cond: \(\(session_id = [\w.]+\) AND \(source_id = 1\)\)/,
      );
    }
  } finally {
    await database.drop();
  }
});
