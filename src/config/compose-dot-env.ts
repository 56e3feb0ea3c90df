import { parseEnv } from 'node:util';
import { ConfigError } from './config.ts';

/** A line of `.env`, or a comment. */
export type DotEnvLine = { readonly name: string; readonly value: string } | { readonly comment: string };

/**
 * The text of `.env` from which every value is read back as it is. Its quotes cannot be escaped: a value with all three kinds of
 * them may have no way to be written, then ConfigError says so. Single quotes first: docker compose replaces `$` in the others.
 */
export function composeDotEnv(lines: readonly DotEnvLine[]): string {
  return lines
    .map((line) => ('comment' in line ? `# ${line.comment}` : `${line.name}=${quote(line.name, line.value)}`))
    .map((line) => `${line}\n`)
    .join('');
}

function quote(name: string, value: string): string {
  // An opening quote that nothing closes on its own line goes on to the next one of its kind.
  const bare = /^['"`]/.test(value) ? [] : [value];
  const quoted = [`'${value}'`, `"${value}"`, `\`${value}\``];
  const ways = /^[\w.:/@%+,=-]+$/.test(value) ? bare : [...quoted, ...bare];
  const way = ways.find((text) => isReadBack(name, value, text));
  if (way !== undefined) return way;
  throw new ConfigError(
    `The value of ${name} cannot be written into .env, which knows no way to escape quotes. Keep it in a file of its own and give it as ${name}_FILE.`,
  );
}

/** With a line before and after, which an open quote would swallow. */
function isReadBack(name: string, value: string, text: string): boolean {
  if (value.includes('\r') || value.includes('\0')) return false;
  const read = parseEnv(`BEFORE=1\n${name}=${text}\nAFTER='2'\n`);
  return (
    read['BEFORE'] === '1' && read[name] === value && read['AFTER'] === '2' && Object.keys(read).length === 3
  );
}
