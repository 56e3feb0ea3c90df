import { readFileSync } from 'node:fs';
import { ConfigError } from '../config/config.ts';
import { changeLabels } from '../db/labels.ts';
import type { History } from '../db/open-history.ts';
import { findLabelFault, type LabelChange } from '../domain/label.ts';
import { writeCell } from '../export/write-csv.ts';
import type { Question } from '../query/question.ts';
import { labels } from '../query/resources/labels.ts';
import { streamRows } from '../query/sql/stream-rows.ts';
import type { App, ExitCode } from './app.ts';
import { table } from './format.ts';
import { painter } from './paint.ts';
import { readLabelFile } from './read-label-file.ts';

type Place = Partial<Readonly<Record<'source' | 'server' | 'job' | 'computer', string>>>;

/** Sets the labels of a file: all of them, or none when anything in it is wrong. */
export async function runLabelsImportCommand(app: App, file: string): Promise<ExitCode> {
  const read = readLabelFile(readText(file));
  if ('problems' in read) return complain(app, file, read.problems);
  const { labels } = read;
  return change(app, labels, (index) => `${file}, line ${labels[index]?.line ?? 0}`);
}

export async function runLabelsSetCommand(
  app: App,
  place: Place,
  name: string,
  value: string,
): Promise<ExitCode> {
  const label = { ...placeOf(place), name, value };
  const fault = findLabelFault(label);
  if (fault !== undefined) throw new ConfigError(`${name} ${fault}.`);
  return change(app, [label], () => 'labels set');
}

export async function runLabelsRemoveCommand(app: App, place: Place, name: string | null): Promise<ExitCode> {
  return change(app, [{ ...placeOf(place), name, value: null }], () => 'labels remove');
}

const all: Question = {
  conditions: [],
  order: undefined,
  isDescending: false,
  after: undefined,
  limit: undefined,
  count: 'none',
};

export async function runLabelsListCommand(app: App, options: { readonly csv?: boolean }): Promise<ExitCode> {
  const columns = labels.columns.map(({ name }) => name);
  const rows = await withHistory(app, async ({ pool }) => {
    const found: string[][] = [];
    for await (const batch of streamRows(pool, labels, all, app.signal))
      found.push(...batch.map((row) => row.map(String)));
    return found;
  });
  if (options.csv === true)
    app.stdout.write(
      [columns, ...rows]
        .map((row) => `${row.map((cell) => (cell === '' ? '' : writeCell(cell))).join(',')}\r\n`)
        .join(''),
    );
  else if (rows.length === 0)
    app.stdout.write('There are no labels. Set some with: session-history labels import FILE.csv\n');
  else app.stdout.write(`${table(columns, rows)}\n`);
  return 0;
}

async function change(
  app: App,
  changes: readonly LabelChange[],
  where: (index: number) => string,
): Promise<ExitCode> {
  const { changed, problems } = await withHistory(app, ({ prisma }) =>
    changeLabels(prisma, changes, Infinity),
  );
  if (problems.length > 0)
    return complain(
      app,
      'labels',
      problems.map(({ index, message }) => `${where(index)}: ${message}`),
    );
  const paint = painter(app.stdout);
  app.stdout.write(`${paint('green', '✓')} labels of ${changed} ${changed === 1 ? 'thing' : 'things'}\n`);
  return 0;
}

function complain(app: App, file: string, problems: readonly string[]): ExitCode {
  const most = 20;
  const more = problems.length > most ? [`and ${problems.length - most} more`] : [];
  app.stderr.write(
    `${file}: nothing was changed.\n${[...problems.slice(0, most), ...more].map((one) => `  ${one}\n`).join('')}`,
  );
  return 2;
}

function placeOf({ source = '', server = '', job = '', computer = '' }: Place) {
  if (source + server + job + computer === '')
    throw new ConfigError('Say what the label is on: --source, --server, --job or --computer.');
  return { source, server, job, computer };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

async function withHistory<T>(app: App, work: (history: History) => Promise<T>): Promise<T> {
  const history = await app.openHistory(app.readConfig());
  try {
    return await work(history);
  } finally {
    await history.close();
  }
}
