import process from 'node:process';
import { openDatabase } from '../../../src/db/database.ts';
import { holdSource } from '../../../src/db/source-history.ts';
import { makeRows } from './session-rows.ts';

// Writing alone, as a first sync does it: fenced transactions of 1,000. Arguments: database, how many rows.
const [url = '', count = '1000'] = process.argv.slice(2);
const rows = makeRows(Number(count));
const database = openDatabase(url);
const held = await holdSource(database, { name: 'em', url: 'http://em', tasks: 'none' }, 'cli');
if (held === undefined) throw new Error('somebody else has the source');
const startedAt = performance.now();
let writing: Promise<unknown> = Promise.resolve();
for (let at = 0; at < rows.length; at += 1_000) {
  const batch = rows.slice(at, at + 1_000);
  const write = held.prepareSessions(
    batch.map(({ row }) => row),
    {
      sighting: 'listed',
      superseded: [],
      records: batch.map(({ row, fingerprint }) => ({ fingerprint, sessionId: row.session.id })),
    },
  );
  await writing;
  writing = write();
}
await writing;
process.stdout.write(JSON.stringify({ writingMs: performance.now() - startedAt }));
await database.close();
process.exit(0);
