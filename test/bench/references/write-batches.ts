import process from 'node:process';
import { holdForRun } from '../../../src/db/hold-source.ts';
import { openDatabase } from '../../../src/db/open-database.ts';
import { openBatchWriter } from '../../../src/sync/batch-writer.ts';
import { batchSize } from '../../../src/sync/poll.ts';
import { startTally } from '../../../src/sync/tally.ts';
import { makeRows } from './session-rows.ts';

// Writing alone, as a first sync does it. Arguments: database, how many rows.
const [url = '', count = '1000'] = process.argv.slice(2);
const rows = makeRows(Number(count));
const database = openDatabase(url);
const held = await holdForRun(database, { name: 'em', url: 'http://em', tasks: 'none' }, 'cli');
if (held === undefined) throw new Error('somebody else has the source');
const startedAt = performance.now();
const writer = openBatchWriter(held, startTally(), {
  size: batchSize.entity,
  tasks: 'none',
  jobNames: new Set(),
  unfinished: new Set(),
  holes: new Set(),
  parser: 0,
});
for (const { session, fingerprint } of rows) {
  writer.add('whole', session, { fingerprint, isCounted: true });
  await writer.writeIfFull();
}
await writer.writeAll();
process.stdout.write(JSON.stringify({ writingMs: performance.now() - startedAt }));
await database.close();
process.exit(0);
