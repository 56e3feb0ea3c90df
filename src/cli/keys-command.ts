import { ConfigError } from '../config/config.ts';
import type { ApiKey, KeyScope } from '../domain/api-key.ts';
import { parseTimestamp, type Timestamp } from '../domain/timestamp.ts';
import { createApiKey, hasApiKey, listApiKeys, revokeApiKey } from '../db/api-keys.ts';
import type { History } from '../db/open-history.ts';
import type { App, ExitCode } from './app.ts';
import { ago, table } from './format.ts';
import { painter } from './paint.ts';

export type KeyOptions = {
  readonly name: string;
  readonly scope: KeyScope;
  readonly expires?: string;
  readonly ifNone?: boolean;
  readonly source?: readonly string[];
  readonly customer?: readonly string[];
};

/** A new key, on standard output and nowhere else; what is said about it goes to standard error. */
export async function runKeysCreateCommand(app: App, options: KeyOptions): Promise<ExitCode> {
  const name = options.name.trim();
  if (name === '') throw new ConfigError('--name is empty. Example: --name grafana');
  const { source: sources = [], customer: customers = [] } = options;
  if (customers.length > 0 && options.scope === 'operate')
    throw new ConfigError('--scope operate does not go with --customer: such a key only reads.');
  const expiresAt = options.expires === undefined ? undefined : parseExpiry(options.expires);
  const made = await withHistory(app, async ({ prisma }) =>
    options.ifNone === true && (await hasApiKey(prisma))
      ? undefined
      : createApiKey(prisma, {
          name,
          scope: options.scope,
          sources,
          customers,
          ...(expiresAt && { expiresAt }),
        }),
  );
  if (made === undefined) {
    app.stderr.write('There is a good key already; none was made.\n');
    return 0;
  }
  const { id, key } = made;
  app.stderr.write(
    `Key ${id} "${name}", scope ${options.scope}${describeLimits({ sources, customers })}${expiresAt === undefined ? '' : `, good until ${expiresAt.slice(0, 19)}Z`}. It is shown this once: keep it where secrets are kept.\n`,
  );
  app.stdout.write(`${key}\n`);
  return 0;
}

export async function runKeysListCommand(app: App): Promise<ExitCode> {
  const keys = await withHistory(app, ({ prisma }) => listApiKeys(prisma));
  const now = Date.now();
  const when = (at: Date | null) => ago(at?.toISOString() ?? null, now);
  if (keys.length === 0) {
    app.stdout.write('There is no key. Make one with: session-history keys create --name grafana\n');
    return 0;
  }
  const rows = keys.map((key) => [
    key.id,
    key.name,
    `${key.scope}${describeLimits(key)}`,
    when(key.createdAt),
    when(key.lastUsedAt),
    describeState(key, now),
  ]);
  app.stdout.write(`${table(['id', 'name', 'scope', 'made', 'last used', 'state'], rows)}\n`);
  return 0;
}

export async function runKeysRevokeCommand(app: App, id: string): Promise<ExitCode> {
  const isRevoked = await withHistory(app, ({ prisma }) => revokeApiKey(prisma, id));
  const paint = painter(app.stdout);
  if (isRevoked) app.stdout.write(`${paint('green', '✓')} Key ${id} is revoked.\n`);
  else app.stderr.write(`There is no good key ${id}. session-history keys list shows them.\n`);
  return isRevoked ? 0 : 1;
}

function describeLimits({ sources, customers }: Pick<ApiKey, 'sources' | 'customers'>): string {
  const parts = [
    ...(sources.length > 0 ? [`source ${sources.join(', ')}`] : []),
    ...(customers.length > 0 ? [`customer ${customers.join(', ')}`] : []),
  ];
  return parts.length === 0 ? '' : `, only ${parts.join(', ')}`;
}

function describeState({ revokedAt, expiresAt }: ApiKey, now: number): string {
  if (revokedAt !== null) return `revoked ${ago(revokedAt.toISOString(), now)}`;
  if (expiresAt === null) return 'good';
  const day = expiresAt.toISOString().slice(0, 16).replace('T', ' ');
  return expiresAt.getTime() <= now ? `expired ${day} UTC` : `good until ${day} UTC`;
}

/** A day is its midnight in UTC. Throws ConfigError. */
function parseExpiry(text: string): Timestamp {
  const at = parseTimestamp(text) ?? parseTimestamp(`${text}T00:00:00Z`);
  if (at === undefined)
    throw new ConfigError(`--expires ${text} is not a date. Example: --expires 2027-01-31 (in UTC)`);
  if (Date.parse(at) <= Date.now())
    throw new ConfigError(`--expires ${text} is over: the key would be refused from the start.`);
  return at;
}

async function withHistory<T>(app: App, work: (history: History) => Promise<T>): Promise<T> {
  const history = await app.openHistory(app.readConfig());
  try {
    return await work(history);
  } finally {
    await history.close();
  }
}
