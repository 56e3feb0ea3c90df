import { Command, InvalidArgumentError, Option } from 'commander';
import { addKeyCommands } from './add-key-commands.ts';
import { addLabelCommands } from './add-label-commands.ts';
import type { App, ExitCode, SimulatorOptions } from './app.ts';
import { exportFormats } from '../export/export-formats.ts';
import type { ExportOptions } from './export-command.ts';
import type { ReportOptions } from './report-command.ts';
import type { InitOptions } from './init-command.ts';
import { exportFlags } from './export-flags.ts';

/** The command line. `onExit` hears the code of the command that ran. Parsing throws CommanderError: code 0 for --help and --version. */
export function buildProgram(app: App, onExit: (code: ExitCode) => void): Command {
  const program = new Command('session-history')
    .description(
      'Keeps every Veeam Agent backup session that Enterprise Manager ever listed, in PostgreSQL, for ever.',
    )
    .version(app.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => app.stdout.write(text),
      writeErr: (text) => app.stderr.write(text),
    })
    .showHelpAfterError('(session-history --help shows what there is)')
    .addHelpText(
      'after',
      `
Examples:
  npm run demo                          see it work: simulated Enterprise Manager, embedded PostgreSQL
  session-history init                  sets it up: asks, writes .env, checks
  session-history check                 is everything set up right?
  EM_URL=https://em:9398 EM_USERNAME=reader EM_PASSWORD=secret session-history sync
  session-history backfill --since 2026-01-01
  session-history status --json

The configuration is in environment variables or .env; see the table in README.md.
Exit codes: 0 good, 1 failed, 2 bad configuration.`,
    );

  program
    .command('init')
    .description('asks for address, account, certificate and database, writes .env and runs check')
    .option('--url <address>', 'address of Enterprise Manager; a host alone means https and port 9398')
    .option('--username <name>', 'account to read with')
    .option('--password-file <file>', 'the file with its password; .env then names the file')
    .option('--name <name>', 'name of this Enterprise Manager in the history')
    .option('--ca-file <file>', 'PEM file of the authority that vouches for the certificate')
    .option('--cert-sha256 <fingerprint>', 'the only certificate to accept')
    .option('--pin', 'accept the certificate that is shown now, and no other later, without asking')
    .option('--allow-http', 'send credentials unencrypted')
    .option('--database <address>', 'PostgreSQL to keep the history in, or `embedded`')
    .option('--force', 'replace a .env that is there; it is kept beside the new one')
    .option('--no-check', 'leave out the check at the end')
    .addHelpText(
      'after',
      '\nWhat flags and environment (EM_URL, EM_USERNAME, EM_PASSWORD, DATABASE_URL, ...) say is not asked for. Without a terminal the\nanswers are read from standard input, a line each.\n\nExample, for a script:\n  session-history init --url em.example.com --username reader --password-file /run/secrets/em --pin --database embedded',
    )
    .action(async (options: InitOptions) =>
      onExit(await (await import('./init-command.ts')).runInitCommand(app, options)),
    );

  program
    .command('sync')
    .description('read every configured Enterprise Manager once, now')
    .option('--source <name>', 'only this one')
    .option('--full', 'read the whole list, however lately that was done')
    .option('--json', 'one JSON object per source on standard output')
    .addHelpText('after', '\nExample:\n  session-history sync --json | jq .missing')
    .action(async (options: { source?: string; json?: boolean; full?: boolean }) =>
      onExit(await (await import('./sync-command.ts')).runSyncCommand(app, options)),
    );

  program
    .command('backfill')
    .description(
      'read what no list showed, through /query: all gaps, or further back; can be stopped and resumed',
    )
    .option('--since <date>', 'how far back, for example 2026-01-31; without it, all gaps are read')
    .option('--again', 'read covered days again, too')
    .option('--source <name>', 'only this one')
    .option('--queue', 'leave it to the service, which reads a little after each poll')
    .action(async (options: { since?: string; again?: boolean; source?: string; queue?: boolean }) =>
      onExit(await (await import('./backfill-command.ts')).runBackfillCommand(app, options)),
    );

  program
    .command('serve')
    .description('the service: polls every source, and answers over HTTP; until SIGTERM or Ctrl-C')
    .action(async () =>
      onExit(await (await import('./serve-command.ts')).runServeCommand(app, { worker: true, api: true })),
    );

  program
    .command('worker')
    .description('the polling half of `serve`; any number may run, on any number of machines')
    .action(async () =>
      onExit(await (await import('./serve-command.ts')).runServeCommand(app, { worker: true, api: false })),
    );

  program
    .command('api')
    .description('the answering half of `serve`; any number may run')
    .action(async () =>
      onExit(await (await import('./serve-command.ts')).runServeCommand(app, { worker: false, api: true })),
    );

  program
    .command('migrate')
    .description('bring the database to this version')
    .option('--rebuild', 'also work out again, from the sessions alone, every figure kept beside them')
    .option(
      '--partition <count>',
      'also split sessions, tasks and runs into that many tables by source; 1 makes one table of them again. Can be stopped and resumed',
      wholeNumber,
    )
    .option(
      '--distribute',
      'also lay all tables, by source, over the workers of a Citus cluster whose coordinator DATABASE_URL names',
    )
    .addHelpText(
      'after',
      '\nPartitions are for hundreds of millions of sessions, Citus for what one server cannot bear: see docs/scaling.md.\n\nExample:\n  session-history migrate --partition 8',
    )
    .action(async (options: { rebuild?: boolean; partition?: number; distribute?: boolean }) =>
      onExit(await (await import('./migrate-command.ts')).runMigrateCommand(app, options)),
    );

  program
    .command('status')
    .description('how every source stands: last runs, freshness, days until loss, holes')
    .option('--json', 'one JSON object per source')
    .action(async (options: { json?: boolean }) =>
      onExit(await (await import('./status-command.ts')).runStatusCommand(app, options)),
    );

  program
    .command('check')
    .description('the doctor: configuration, database, and each source from address to rights')
    .option('--nagios', 'one line about the backups for Nagios, Checkmk, PRTG or Zabbix; exit 0 to 3')
    .option('--source <name>', 'with --nagios: only this source')
    .option('--customer <name>', 'with --nagios: only this customer')
    .action(async (options: { nagios?: boolean; source?: string; customer?: string }) =>
      onExit(
        options.nagios === true
          ? await (await import('./nagios-command.ts')).runNagiosCommand(app, options)
          : await (await import('./check-command.ts')).runCheckCommand(app),
      ),
    );

  const exportCommand = program
    .command('export')
    .description(
      'stream sessions out; the filters are those of the query API, and each may be given several times',
    )
    .addOption(
      new Option('--format <format>', 'how to write them').choices(exportFormats).makeOptionMandatory(),
    )
    .option('--out <file>', 'write to this file, not to standard output')
    .option('--bom', 'with --format csv: begin with a byte order mark, by which spreadsheets know UTF-8')
    .option(
      '--changed-after <cursor>',
      'what changed since this cursor of the feed; empty: everything. The next cursor is printed on standard error',
    )
    .option('--sort <order>', 'createdAt, or -createdAt for the newest first', '-createdAt')
    .addHelpText(
      'after',
      '\nExample:\n  session-history export --format parquet --created-from 2026-01-01 --outcome failed --out failed.parquet',
    )
    .action(async (options: ExportOptions) =>
      onExit(await (await import('./export-command.ts')).runExportCommand(app, options)),
    );
  for (const { flag, description, example, isRepeatable } of exportFlags) {
    const option = new Option(`${flag} <value>`, `${description} For example ${example}`);
    exportCommand.addOption(
      isRepeatable ? option.argParser((value, all?: readonly string[]) => [...(all ?? []), value]) : option,
    );
  }

  program
    .command('report')
    .description(
      'the report of a month that people send: success rate, ages, failures, and whether the record is complete',
    )
    .requiredOption('--month <month>', 'which one, in UTC; for example 2026-10')
    .requiredOption('--out <file>', 'a page to read and print (.html), or a workbook (.xlsx)')
    .option('--customer <name>', 'only what has this label customer')
    .addHelpText(
      'after',
      '\nExample:\n  session-history report --month 2026-10 --customer Acme --out acme-2026-10.html',
    )
    .action(async (options: ReportOptions) =>
      onExit(await (await import('./report-command.ts')).runReportCommand(app, options)),
    );

  addKeyCommands(program, app, onExit);
  addLabelCommands(program, app, onExit);

  program
    .command('analyst')
    .description('logins for BI tools, which read schema report and nothing else')
    .command('create <name>')
    .description('make a login with settings fit for reports, and print how to connect')
    .option('--password-file <file>', 'its password; without a file one is made and shown once')
    .option('--again', 'set password and settings anew when the login is there already')
    .action(async (name: string, options: { passwordFile?: string; again?: boolean }) =>
      onExit(await (await import('./analyst-command.ts')).runAnalystCreateCommand(app, name, options)),
    );

  program
    .command('demo')
    .description('everything on this machine, nothing installed, nothing kept')
    .option('--once', 'first sync, summary and sample report, then exit')
    .action(async (options: { once?: boolean }) =>
      onExit(await (await import('./demo-command.ts')).runDemoCommand(app, options)),
    );

  program
    .command('simulate')
    .description('the simulated Enterprise Manager alone')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 takes a free one', wholeNumber, 9399)
    .option('--sessions <count>', 'sessions in its 30 days, about', wholeNumber, 6_000)
    .option('--seed <number>', 'same seed, same history', wholeNumber, 20)
    .option('--username <name>', 'account to accept', 'demo')
    .option('--password <password>', 'its password', 'demo')
    .addOption(
      new Option('--em-version <version>', 'how it writes times')
        .choices(['9.5', '11', '12', '13'])
        .default('13'),
    )
    .addOption(
      new Option('--role <role>', 'what the account may read')
        .choices(['administrator', 'portal-user'])
        .default('administrator'),
    )
    .option('--references-only', 'answer with references where entities are asked for, as old versions do')
    .action(async (options: SimulateFlags) =>
      onExit(
        await (
          await import('./simulate-command.ts')
        ).runSimulateCommand(app, {
          host: options.host,
          port: options.port,
          sessions: options.sessions,
          seed: options.seed,
          username: options.username,
          password: options.password,
          version: options.emVersion,
          role: options.role,
          entityList: options.referencesOnly !== true,
        }),
      ),
    );

  return program;
}

type SimulateFlags = Pick<
  SimulatorOptions,
  'host' | 'port' | 'sessions' | 'seed' | 'username' | 'password' | 'role'
> & {
  readonly emVersion: SimulatorOptions['version'];
  readonly referencesOnly?: boolean;
};

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}
