import { variables, type VariableName } from './variables.ts';

const secrets: ReadonlySet<VariableName> = new Set<VariableName>([
  'EM_PASSWORD',
  'DATABASE_URL',
  'API_DATABASE_URL',
  'REDIS_URL',
  'METRICS_TOKEN',
]);

/** `EM_URL is missing. It is ...`; `mistaken` is a name given that may have been meant for it. */
export function describeMissing(name: VariableName, mistaken: string | undefined): string {
  return `${name} is missing. ${explain(name)}${mistaken === undefined ? '' : ` (${describeMistaken(name, mistaken)})`}`;
}

/** `API_PORT="80x" is not a number. It is ...`; of a secret no value is shown. */
export function describeWrong(name: VariableName, value: string, what: string): string {
  const shown = secrets.has(name) ? '' : `="${withoutSecrets(name, value)}"`;
  const advice =
    secrets.has(name) && value.includes('@')
      ? ' Special characters in its user name or password have to be percent-encoded (# as %23, @ as %40, / as %2F).'
      : '';
  return `${name}${shown} ${what}. ${explain(name)}.${advice}`;
}

export function describeMistaken(name: VariableName, mistaken: string): string {
  return `${mistaken} is set, which means nothing here: did you mean ${name}?`;
}

function explain(name: VariableName): string {
  const variable = variables.find((one) => one.name === name);
  if (variable === undefined) return '';
  return `It is ${variable.meaning}, for example ${name}=${variable.example}`;
}

function withoutSecrets(name: VariableName, value: string): string {
  // `user:password` is how other programs want it.
  if (name === 'EM_USERNAME') return value.replace(/:.*/s, ':***');
  return name === 'EM_URL' ? withoutCredentials(value) : value;
}

function withoutCredentials(value: string): string {
  const at = value.lastIndexOf('@');
  return at === -1 ? value : `***${value.slice(at)}`;
}
