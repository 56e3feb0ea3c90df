import { Option, type Command } from 'commander';
import { keyScopes } from '../domain/api-key.ts';
import type { App, ExitCode } from './app.ts';
import type { KeyOptions } from './keys-command.ts';

/** `keys`, and what can be done with them. */
export function addKeyCommands(program: Command, app: App, onExit: (code: ExitCode) => void): void {
  const keys = program.command('keys').description('keys of the query API; only their hashes are stored');
  keys
    .command('create')
    .description('make a key and print it, once')
    .requiredOption('--name <name>', 'who or what it is for')
    .addOption(
      new Option('--scope <scope>', 'operate may also start syncs').choices(keyScopes).default('read'),
    )
    .option('--expires <date>', 'when it ends, a day or time in UTC, for example 2027-01-31')
    .option('--if-none', 'make it only when there is no good key yet')
    .option('--source <name>', 'it sees this source only; may be given several times', several)
    .option(
      '--customer <name>',
      'it sees what has this label customer only; may be given several times',
      several,
    )
    .action(async (options: KeyOptions) =>
      onExit(await (await import('./keys-command.ts')).runKeysCreateCommand(app, options)),
    );
  keys
    .command('list')
    .description('all keys, without the keys')
    .action(async () => onExit(await (await import('./keys-command.ts')).runKeysListCommand(app)));
  keys
    .command('revoke <id>')
    .description('make a key worthless at once')
    .action(async (id: string) =>
      onExit(await (await import('./keys-command.ts')).runKeysRevokeCommand(app, id)),
    );
}

function several(value: string, all: readonly string[] = []): readonly string[] {
  return [...all, value];
}
