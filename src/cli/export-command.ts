import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ConfigError } from '../config/config.ts';
import type { ExportFormat } from '../export/export-formats.ts';
import { exportRows, type ExportOptions as RowOptions } from '../export/export-rows.ts';
import { parseQuestion, type Given } from '../query/parse-question.ts';
import { noLimits } from '../query/limits.ts';
import { sessions } from '../query/resources/sessions.ts';
import { openQueryPool } from '../query/sql/open-query-pool.ts';
import { openChanges } from '../query/sql/read-changes.ts';
import { valueReader } from '../query/sql/read-values.ts';
import { streamRows } from '../query/sql/stream-rows.ts';
import type { App, ExitCode } from './app.ts';
import { exportFlags } from './export-flags.ts';
import { writeFile } from './write-file.ts';

export type ExportOptions = {
  readonly format: ExportFormat;
  readonly out?: string;
  readonly changedAfter?: string;
  readonly bom?: boolean;
} & Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** All sessions of a question, streamed to a file or to standard output. */
export async function runExportCommand(app: App, options: ExportOptions): Promise<ExitCode> {
  const { format, out, changedAfter, bom = false, ...rest } = options;
  const given = rest as Given;
  if (bom && format !== 'csv') throw new ConfigError('--bom goes with --format csv only.');
  if (changedAfter !== undefined) return exportChanges(app, { format, bom, out, changedAfter }, given);
  const parsed = parseQuestion(sessions, given);
  if ('problems' in parsed) {
    const flagOf = (name: string) => exportFlags.find((one) => one.name === name)?.flag ?? `--${name}`;
    throw new ConfigError(
      parsed.problems.map(({ parameter, message }) => `${flagOf(parameter)} ${message}.`).join('\n'),
    );
  }
  const history = await app.openHistory(app.readConfig());
  const pool = openQueryPool(history.url, 2, () => undefined);
  const rows = { written: 0 };
  try {
    const source = exportRows(
      { format, bom },
      sessions,
      counted(rows, streamRows(pool, sessions, parsed.question, app.signal)),
    );
    const bytes = Readable.from(source, { objectMode: false });
    if (out === undefined) await pipeline(bytes, app.stdout, { end: false });
    else await writeFile(out, bytes);
    app.stderr.write(
      `${rows.written.toLocaleString('en-US')} sessions${out === undefined ? '' : ` in ${out}`}\n`,
    );
    return 0;
  } catch (error) {
    if (!app.signal.aborted) throw error;
    app.stderr.write('Stopped before the end; what was written is not whole.\n');
    return 1;
  } finally {
    await pool.end();
    await history.close();
  }
}

/** What changed since a cursor of the feed; the cursor to go on with is on standard error, in a line of its own. */
async function exportChanges(
  app: App,
  options: RowOptions & { readonly out: string | undefined; readonly changedAfter: string },
  { sort, ...filters }: Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const [filter] = Object.keys(filters);
  if (filter !== undefined || (sort !== undefined && sort !== '-createdAt'))
    throw new ConfigError(
      '--changed-after goes with --format and --out only: the feed has all sessions, in its order.',
    );
  const history = await app.openHistory(app.readConfig());
  const pool = openQueryPool(history.url, 2, () => undefined);
  try {
    const changes = await openChanges(pool, options.changedAfter, noLimits);
    if ('wrong' in changes) throw new ConfigError(`--changed-after ${changes.wrong}.`);
    const rows = { written: 0 };
    const toRow = valueReader(sessions.columns);
    const batches = (async function* () {
      for await (const batch of changes.batches(app.signal)) yield batch.map(toRow);
    })();
    const bytes = Readable.from(exportRows(options, sessions, counted(rows, batches)), {
      objectMode: false,
    });
    if (options.out === undefined) await pipeline(bytes, app.stdout, { end: false });
    else await writeFile(options.out, bytes);
    app.stderr.write(
      `${rows.written.toLocaleString('en-US')} sessions changed. Next cursor:\n${changes.end}\n`,
    );
    return 0;
  } catch (error) {
    if (!app.signal.aborted) throw error;
    app.stderr.write('Stopped before the end; what was written is not whole.\n');
    return 1;
  } finally {
    await pool.end();
    await history.close();
  }
}

async function* counted<T>(
  into: { written: number },
  batches: AsyncIterable<readonly T[]>,
): AsyncGenerator<readonly T[], void, void> {
  for await (const rows of batches) {
    into.written += rows.length;
    yield rows;
  }
}
