import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { measureGrowth } from './cases/growth.ts';
import { measureLists } from './cases/lists.ts';
import { measureApi, measureReports } from './cases/reading.ts';
import { measureService } from './cases/service.ts';
import { measureById, measureWriting } from './cases/writing.ts';
import { help, readOptions, type Options } from './options.ts';
import { renderTable, type Result } from './result.ts';
import { openWorld, type World } from './world.ts';

const cases: Readonly<Record<string, (world: World, options: Options) => AsyncGenerator<readonly Result[]>>> =
  {
    poll: (world, options) => measureLists(world, options, 'poll'),
    'first-sync': (world, options) => measureLists(world, options, 'first-sync'),
    write: measureWriting,
    'by-id': measureById,
    service: measureService,
    api: measureApi,
    reports: measureReports,
    growth: measureGrowth,
  };

const results = fileURLToPath(new URL('../../results.json', import.meta.url));
const options = readOptions(process.argv.slice(2), results);
if (options === undefined) process.stdout.write(`${help}\n`);
else await measure(options);

async function measure(chosen: Options): Promise<void> {
  const world = await openWorld();
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'CPU'}, Node ${process.version}, PostgreSQL ${world.version}`;
  process.stdout.write(`${machine}; medians of ${chosen.runs} runs, interleaved in rotated order\n\n`);
  const all: Result[] = [];
  try {
    for (const name of chosen.cases) {
      const measured = cases[name];
      if (measured === undefined) throw new Error(`There is no case ${name}.\n${help}`);
      for await (const group of measured(world, chosen)) {
        all.push(...group);
        process.stdout.write(`${renderTable(group)}\n`);
      }
    }
  } finally {
    await world.close();
  }
  mkdirSync(path.dirname(path.resolve(chosen.json)), { recursive: true });
  writeFileSync(chosen.json, `${JSON.stringify({ machine, runs: chosen.runs, results: all }, null, 2)}\n`);
}
