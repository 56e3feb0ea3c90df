import type { Command } from 'commander';
import type { App, ExitCode } from './app.ts';

type LabelFlags = Partial<Readonly<Record<'source' | 'server' | 'job' | 'computer', string>>>;

/** `labels`, and what can be done with them. */
export function addLabelCommands(program: Command, app: App, onExit: (code: ExitCode) => void): void {
  const labels = program
    .command('labels')
    .description(
      'what people say of sources, servers, jobs and computers: customer, site, max_age_hours, ...',
    );
  labels
    .command('import <file>')
    .description(
      'set the labels of a CSV file: source,server,job,computer,name,value, or a column for each name',
    )
    .addHelpText('after', '\nExample:\n  computer,customer,site,max_age_hours\n  SQL-01,Acme,Berlin,26\n')
    .action(async (file: string) =>
      onExit(await (await import('./labels-command.ts')).runLabelsImportCommand(app, file)),
    );
  const place = (command: Command) =>
    command
      .option('--source <name>', 'Enterprise Manager')
      .option('--server <name>', 'Veeam backup server')
      .option('--job <name>', 'job that administrators made')
      .option('--computer <name>', 'computer');
  place(
    labels.command('set <name> <value>').description('set one label, on the innermost thing named'),
  ).action(async (name: string, value: string, options: LabelFlags) =>
    onExit(await (await import('./labels-command.ts')).runLabelsSetCommand(app, options, name, value)),
  );
  place(
    labels.command('remove [name]').description('take a label away; without a name, all of the thing'),
  ).action(async (name: string | undefined, options: LabelFlags) =>
    onExit(await (await import('./labels-command.ts')).runLabelsRemoveCommand(app, options, name ?? null)),
  );
  labels
    .command('list')
    .description('all labels as they were given')
    .option('--csv', 'as CSV, which `labels import` reads')
    .action(async (options: { csv?: boolean }) =>
      onExit(await (await import('./labels-command.ts')).runLabelsListCommand(app, options)),
    );
}
