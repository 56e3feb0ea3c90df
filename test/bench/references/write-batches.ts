import process from 'node:process';
import { holdForRun } from '../../../src/db/hold-source.ts';
import { analyzeIfNew } from '../../../src/db/analyze-new.ts';
import { openDatabase } from '../../../src/db/open-database.ts';
import { writeBatch } from '../../../src/db/write-batch.ts';
import { makeRows } from './session-rows.ts';

// Writing alone, as a first sync does it: fenced transactions of 1,000, and statistics for the new tables. Arguments: database, how many rows.
const [url = '', count = '1000'] = process.argv.slice(2);
const rows = makeRows(Number(count));
const database = openDatabase(url);
const held = await holdForRun(database, { name: 'em', url: 'http://em', tasks: 'none' }, 'cli');
if (held === undefined) throw new Error('somebody else has the source');
const startedAt = performance.now();
const named = new Set<string>();
let analyzing: Promise<void> = Promise.resolve();
const nothing = { part: [], reference: [], relisted: [], holes: [], healed: [] };
for (let at = 0; at < rows.length; at += 1_000) {
  const whole = rows.slice(at, at + 1_000);
  const { added } = await held.write((write) =>
    writeBatch(write, { ...nothing, whole }, { tasks: 'none', named, parser: 0 }),
  );
  for (const id of added) named.add(id);
  if (at === 0 || at === 30_000) analyzing = analyzing.then(() => analyzeIfNew(database, at + 1_000));
}
await analyzing;
process.stdout.write(JSON.stringify({ writingMs: performance.now() - startedAt }));
await database.close();
process.exit(0);
