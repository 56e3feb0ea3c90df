import { hasDotEnv, writeDotEnv } from '../config/write-dot-env.ts';
import type { DotEnvLine } from '../config/compose-dot-env.ts';
import { ConfigError } from '../config/config.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { App, ExitCode } from './app.ts';
import { askForCertificate } from './ask-for-certificate.ts';
import { askForAddress, askForDatabase, askForPassword, settle } from './ask-for-values.ts';
import { runCheckCommand } from './check-command.ts';
import { openDialogue, type Dialogue } from './open-dialogue.ts';
import { painter } from './paint.ts';

export type InitOptions = {
  readonly url?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly name?: string;
  readonly caFile?: string;
  readonly certSha256?: string;
  /** Pins whatever certificate is shown, without asking. */
  readonly pin?: boolean;
  readonly allowHttp?: boolean;
  /** An address, or `embedded`. */
  readonly database?: string;
  readonly force?: boolean;
  readonly check: boolean;
};

/** All that `init` decides; what else an older `.env` holds is kept. */
const decided = [
  'EM_URL',
  'EM_USERNAME',
  'EM_PASSWORD',
  'EM_PASSWORD_FILE',
  'EM_NAME',
  'EM_CA_FILE',
  'EM_CERT_SHA256',
  'EM_TLS_INSECURE',
  'EM_ALLOW_HTTP',
  'DATABASE_URL',
  'DATABASE_URL_FILE',
  'DATA_DIR',
] as const;

/**
 * Asks for what a first sync needs, writes it into `.env` and runs the doctor. What flags or the environment say is not asked
 * for. Until everything is known nothing is written.
 */
export async function runInitCommand(app: App, options: InitOptions): Promise<ExitCode> {
  const dialogue = openDialogue(app);
  const paint = painter(app.stdout);
  try {
    await agreeToReplace(app, dialogue, options);
    const lines = await gatherLines(app, dialogue, options);
    const old = writeDotEnv(app.workingFolder, lines, decided);
    app.stdout.write(
      `${paint('green', '✓')} .env is written${old === undefined ? '' : `; the old one is ${old}`}\n`,
    );
    warnOfOverrides(app, lines);
  } finally {
    dialogue.close();
  }
  const code = options.check ? await runCheckCommand(app) : 0;
  const next =
    code === 0
      ? 'npx session-history sync    reads it once\n  npx session-history serve   keeps reading, and shows the history at http://127.0.0.1:8080'
      : 'mend what is marked, in .env or with `init` again, then: npx session-history check';
  app.stdout.write(`${paint('bold', 'Next')}\n  ${next}\n`);
  return code;
}

async function agreeToReplace(app: App, dialogue: Dialogue, { force }: InitOptions): Promise<void> {
  if (!hasDotEnv(app.workingFolder) || force === true) return;
  const refusal =
    'There is a .env already; nothing was written. --force replaces it and keeps the old one beside it.';
  if (!dialogue.isPerson) throw new ConfigError(refusal);
  const question = 'There is a .env already. Replace it? The old one is kept beside it.';
  if (!(await dialogue.confirm(question, { otherwise: refusal }))) throw new ConfigError(refusal);
}

async function gatherLines(
  app: App,
  dialogue: Dialogue,
  options: InitOptions,
): Promise<readonly DotEnvLine[]> {
  const { given } = app;
  const { address, certificate } = await askForPlace(app, dialogue, options);
  const username = await settle(dialogue, {
    variable: 'EM_USERNAME',
    question: 'Account to read with (Portal User is enough): ',
    value: options.username ?? given('EM_USERNAME'),
    otherwise: 'Give it with --username or EM_USERNAME.',
  });
  const password = await askForPassword(app, dialogue, options.passwordFile);
  const name = options.name ?? given('EM_NAME');
  const database = await askForDatabase(app, dialogue, options.database);
  return [
    {
      comment:
        'Written by `session-history init`. Variables of the environment go before these; README.md has them all.',
    },
    { name: 'EM_URL', value: address.url },
    ...(address.isPlain ? [{ name: 'EM_ALLOW_HTTP', value: 'true' }] : []),
    ...certificate,
    ...(name === undefined ? [] : [{ name: 'EM_NAME', value: name }]),
    { name: 'EM_USERNAME', value: username },
    password,
    ...database,
  ];
}

/** The address and what to trust there. A person may correct an address at which nobody answers. */
async function askForPlace(app: App, dialogue: Dialogue, options: InitOptions) {
  const url = options.url ?? app.given('EM_URL');
  for (;;) {
    const address = await askForAddress(dialogue, {
      url,
      isHttpAllowed: options.allowHttp === true || app.given('EM_ALLOW_HTTP') === 'true',
    });
    try {
      const certificate = await askForCertificate(app, dialogue, address.url, {
        caFile: options.caFile ?? app.given('EM_CA_FILE'),
        certSha256: options.certSha256 ?? app.given('EM_CERT_SHA256'),
        pin: options.pin === true,
      });
      return { address, certificate };
    } catch (error) {
      const isWorthAnother = error instanceof SyncError && error.kind === 'transient';
      if (!isWorthAnother || url !== undefined || !dialogue.isPerson) throw error;
      dialogue.say(error.message);
    }
  }
}

/** The environment goes before `.env`: what a flag or an answer says otherwise has no effect while it is set. */
function warnOfOverrides(app: App, lines: readonly DotEnvLine[]): void {
  for (const line of lines) {
    if ('comment' in line) continue;
    const set = app.given(line.name);
    if (set !== undefined && set !== line.value)
      app.stderr.write(`! ${line.name} is set in the environment, which goes before .env.\n`);
  }
}
