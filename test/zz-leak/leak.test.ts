import { spawn } from 'node:child_process';
import pg from 'pg';
import { inject, it } from 'vitest';
import { noteProcess } from '../support/leaks.ts';
import { createTestDatabase } from '../support/test-database.ts';
it('leaks', async () => {
  const child = spawn('sleep', ['300'], { stdio: 'ignore', detached: true });
  child.unref();
  noteProcess(inject('runFolder'), child, 'sleep 300');
  const db = await createTestDatabase();
  void db;
  console.log(await db.query('select count(*)::int from report.sessions'));
  const c = new pg.Client({ connectionString: db.url, application_name: 'leaky' });
  await c.connect();
});
