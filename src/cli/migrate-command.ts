import { ConfigError } from '../config/config.ts';
import { describeDatabase } from '../db/open-history.ts';
import { rebuildDerived } from '../db/rebuild-derived.ts';
import { analystStatements } from '../db/analysts.ts';
import { ensureApiRole, makeApiLoginStatement } from '../db/api-role.ts';
import { guardAdvisoryLocks } from '../db/guard-advisory-locks.ts';
import { ensureReaderRole } from '../db/reader-role.ts';
import { mostPartitions } from '../db/partition/split-tables.ts';
import type { App, ExitCode } from './app.ts';
import { distributeHere } from './distribute-here.ts';
import { partitionHere } from './partition-here.ts';
import { painter } from './paint.ts';

/** Brings the database to this version and says how to let an analyst in. */
export async function runMigrateCommand(
  app: App,
  options: { readonly rebuild?: boolean; readonly partition?: number; readonly distribute?: boolean } = {},
): Promise<ExitCode> {
  const { partition, distribute = false } = options;
  if (partition !== undefined && distribute)
    throw new ConfigError(
      '--partition and --distribute: one or the other. Shards hold the rows of few sources each, as partitions do.',
    );
  if (partition !== undefined && (partition < 1 || partition > mostPartitions))
    throw new ConfigError(
      `--partition ${partition}: between 1 (one table) and ${mostPartitions}. Example: --partition 8`,
    );
  const history = await app.openHistory(app.readConfig());
  const paint = painter(app.stdout);
  try {
    const what = history.applied.length === 0 ? 'was up to date' : `applied ${history.applied.join(', ')}`;
    app.stdout.write(`${paint('green', '✓')} ${describeDatabase(history.url)}  ${what}\n`);
    if (options.rebuild === true) {
      app.stderr.write('Working out again what is kept beside the sessions. Syncs wait meanwhile.\n');
      await rebuildDerived(history.url);
      app.stdout.write(
        `${paint('green', '✓')} runs, computers and totals are worked out anew from the sessions\n`,
      );
    }
    if (partition !== undefined) await partitionHere(app, history, partition);
    if (distribute) await distributeHere(app, history);
    app.stdout.write(
      (await ensureReaderRole(history.prisma))
        ? `  Role session_history_reader may read schema report and nothing else. \`session-history analyst create analyst\` makes a login of it, as this does:\n${analystStatements(
            'analyst',
            'choose-one',
          )
            .map((statement) => `    ${statement};\n`)
            .join('')}`
        : `  ${paint('yellow', 'This account may not create roles.')} As a database administrator run, then migrate again:\n    create role session_history_reader nologin;\n`,
    );
    app.stdout.write(
      (await ensureApiRole(history.prisma))
        ? `  Role session_history_api is enough for the API (API_DATABASE_URL). One statement makes a login of it:\n    ${makeApiLoginStatement}\n`
        : `  For an API with fewer rights than this account, as a database administrator run, then migrate again:\n    create role session_history_api nologin;\n`,
    );
    const { areGuarded, statement } = await guardAdvisoryLocks(history.prisma);
    if (!areGuarded)
      app.stdout.write(
        `  Any login may take advisory locks, and so could keep syncs waiting. As a superuser of the database run:\n    ${statement};\n`,
      );
    return 0;
  } finally {
    await history.close();
  }
}
