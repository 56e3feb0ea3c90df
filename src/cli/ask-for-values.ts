import type { DotEnvLine } from '../config/compose-dot-env.ts';
import { ConfigError } from '../config/config.ts';
import { findFault } from '../config/find-fault.ts';
import { readSecret } from '../config/read-text.ts';
import type { VariableName } from '../config/variables.ts';
import { isLoopback } from '../domain/is-loopback.ts';
import type { App } from './app.ts';
import type { Dialogue } from './open-dialogue.ts';

/** The port of Enterprise Manager's API over TLS. */
const usualPort = '9398';

export type Wanted = {
  readonly variable: VariableName;
  readonly question: string;
  /** What a flag or the environment says already. */
  readonly value: string | undefined;
  /** Where else to say it, for whoever cannot be asked. */
  readonly otherwise: string;
  readonly isHidden?: boolean;
  /** Puts an answer into the form that is kept. */
  readonly complete?: (answer: string) => string;
};

/** A value that will do: what was given, or the first good answer. Throws ConfigError for a wrong value nobody can be asked about. */
export async function settle(dialogue: Dialogue, wanted: Wanted): Promise<string> {
  const { variable, question, otherwise, isHidden = false, complete = (answer: string) => answer } = wanted;
  for (;;) {
    const answer = wanted.value ?? (await dialogue.ask(question, { otherwise, isHidden }));
    const value = complete(isHidden ? answer : answer.trim());
    const fault = value === '' ? `An answer is needed. ${otherwise}` : findFault(variable, value);
    if (fault === undefined) return value;
    // Of a pipe, the lines to come answer other questions.
    if (wanted.value !== undefined || !dialogue.isPerson) throw new ConfigError(fault);
    dialogue.say(fault);
  }
}

/** `isPlain`: credentials go there unencrypted, and somebody said yes to that. */
export async function askForAddress(
  dialogue: Dialogue,
  known: { readonly url: string | undefined; readonly isHttpAllowed: boolean },
): Promise<{ readonly url: string; readonly isPlain: boolean }> {
  const url = await settle(dialogue, {
    variable: 'EM_URL',
    question: 'Address of Enterprise Manager, for example em.example.com: ',
    value: known.url,
    otherwise: 'Give it with --url or EM_URL.',
    complete: completeAddress,
  });
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || isLoopback(hostname)) return { url, isPlain: false };
  if (known.isHttpAllowed) return { url, isPlain: true };
  const refusal = `${url} would get user name and password unencrypted. Use https (usually port ${usualPort}), or allow it with --allow-http.`;
  if (!dialogue.isPerson) throw new ConfigError(refusal);
  const question = `${url} gets user name and password unencrypted: anyone in between can read them. Allow it?`;
  if (!(await dialogue.confirm(question, { otherwise: refusal }))) throw new ConfigError(refusal);
  return { url, isPlain: true };
}

/** A host alone, with or without a port, is one with TLS at the usual port. */
export function completeAddress(text: string): string {
  if (text === '' || /^[a-z][a-z\d+.-]*:\/\//i.test(text)) return text;
  const whole = `https://${text}`;
  if (!URL.canParse(whole)) return text;
  const url = new URL(whole);
  if (!/:\d+(\/|$)/.test(text)) url.port = usualPort;
  return url.origin;
}

/** The password as a line of `.env`, or the name of the file that holds it. */
export async function askForPassword(
  app: App,
  dialogue: Dialogue,
  passwordFile: string | undefined,
): Promise<DotEnvLine> {
  const file = passwordFile ?? app.given('EM_PASSWORD_FILE');
  if (file !== undefined) {
    readSecret(passwordFile === undefined ? 'EM_PASSWORD_FILE' : '--password-file', app.workingFolder, file);
    return { name: 'EM_PASSWORD_FILE', value: file };
  }
  const value = await settle(dialogue, {
    variable: 'EM_PASSWORD',
    question: 'Its password (not shown): ',
    value: app.given('EM_PASSWORD'),
    otherwise: 'Give it with --password-file, EM_PASSWORD or EM_PASSWORD_FILE.',
    isHidden: true,
  });
  return { name: 'EM_PASSWORD', value };
}

/** Where the history goes, as lines of `.env`; a comment alone for the embedded PostgreSQL. */
export async function askForDatabase(
  app: App,
  dialogue: Dialogue,
  flag: string | undefined,
): Promise<readonly DotEnvLine[]> {
  const file = app.given('DATABASE_URL_FILE');
  if (flag === undefined && file !== undefined) return [{ name: 'DATABASE_URL_FILE', value: file }];
  const embedded = 'embedded';
  const isEmbedded = (answer: string) => answer === '' || answer === embedded;
  const value = flag ?? app.given('DATABASE_URL');
  const folder = app.given('DATA_DIR') ?? './.data';
  for (;;) {
    const answer =
      value ??
      (
        await dialogue.ask(
          `PostgreSQL, as postgres://user@host/database (Enter: embedded under ${folder}): `,
          { otherwise: `Give it with --database or DATABASE_URL; --database ${embedded} needs no server.` },
        )
      ).trim();
    if (isEmbedded(answer)) {
      const dataDir = app.given('DATA_DIR');
      return dataDir === undefined
        ? [{ comment: `No DATABASE_URL: an embedded PostgreSQL keeps the history under ${folder}.` }]
        : [{ name: 'DATA_DIR', value: dataDir }];
    }
    const fault = findFault('DATABASE_URL', answer);
    if (fault === undefined)
      return [
        { name: 'DATABASE_URL', value: value === undefined ? await withPassword(dialogue, answer) : answer },
      ];
    if (value !== undefined || !dialogue.isPerson) throw new ConfigError(fault);
    dialogue.say(fault);
  }
}

/** Asked for apart, a password is neither seen while it is typed nor in need of percent-encoding. */
async function withPassword(dialogue: Dialogue, address: string): Promise<string> {
  const url = new URL(address);
  if (url.username === '' || url.password !== '' || !dialogue.isPerson) return address;
  const password = await dialogue.ask(
    `Password of "${decodeURIComponent(url.username)}" there (not shown; Enter: none): `,
    {
      otherwise: 'Give the address with --database.',
      isHidden: true,
    },
  );
  url.password = encodeURIComponent(password);
  return url.href;
}
