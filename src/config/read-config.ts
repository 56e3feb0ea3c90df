import path from 'node:path';
import { z } from 'zod';
import { ConfigError, logLevels, type Config, type SourceConfig } from './config.ts';
import { readEnvironment, readText, type Environment } from './read-environment.ts';
import { readSourcesFile } from './read-sources-file.ts';
import { bool, certSha256, concurrency, listForm, port, sourceUrl, tasksMode, urlOf } from './rules.ts';
import { mistakenNames, variables, type VariableName } from './variables.ts';

const rules = {
  DATABASE_URL: urlOf('postgres:', 'postgresql:').optional(),
  DATA_DIR: z.string().default('./.data'),
  REDIS_URL: urlOf('redis:', 'rediss:').optional(),
  EM_URL: sourceUrl.optional(),
  EM_USERNAME: z.string().optional(),
  EM_PASSWORD: z.string().optional(),
  EM_NAME: z.string().max(200, 'is longer than 200 characters').optional(),
  EM_CA_FILE: z.string().optional(),
  EM_CERT_SHA256: certSha256.optional(),
  EM_TLS_INSECURE: bool.default(false),
  EM_ALLOW_HTTP: bool.default(false),
  SOURCES_FILE: z.string().optional(),
  SYNC_INTERVAL_MINUTES: z.coerce
    .number('is not a number')
    .min(0.05, 'is below 0.05')
    .max(43_200, 'is more than 30 days, after which Enterprise Manager forgets')
    .default(15),
  SYNC_LIST: listForm.default('auto'),
  SYNC_TASKS: tasksMode.default('all'),
  EM_CONCURRENCY: concurrency.default(4),
  API_HOST: z.string().default('127.0.0.1'),
  API_PORT: port.default(8080),
  LOG_LEVEL: z.enum(logLevels, `is none of ${logLevels.join(', ')}`).default('info'),
} satisfies Record<VariableName, z.ZodType>;

const secrets: ReadonlySet<string> = new Set([
  'EM_PASSWORD',
  'DATABASE_URL',
  'REDIS_URL',
] satisfies VariableName[]);

/**
 * The configuration, from the environment and `.env`. Throws ConfigError with one message that names every missing or wrong
 * variable, what is wrong with it, and an example. Values of secrets are never part of it.
 */
export function readConfig(environment: Environment, workingFolder: string): Config {
  const values = readEnvironment(environment, workingFolder);
  const parsed = z.object(rules).safeParse(Object.fromEntries(values));
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => problem(String(issue.path[0]), issue.message, values)).join('\n'),
    );
  }
  const read = parsed.data;
  const defaults = { list: read.SYNC_LIST, tasks: read.SYNC_TASKS, concurrency: read.EM_CONCURRENCY };
  const sources = [
    ...readOwnSource(read, defaults, environment),
    ...(read.SOURCES_FILE === undefined
      ? []
      : readSourcesFile(path.resolve(workingFolder, read.SOURCES_FILE), defaults)),
  ];
  const twice = sources.find((source, index) =>
    sources.some((other, at) => at < index && other.name === source.name),
  );
  if (twice !== undefined)
    throw new ConfigError(
      `Two sources are called "${twice.name}". Give each its own name (EM_NAME, or "name" in SOURCES_FILE).`,
    );
  return {
    databaseUrl: read.DATABASE_URL,
    dataDir: path.resolve(workingFolder, read.DATA_DIR),
    redisUrl: read.REDIS_URL,
    sources,
    syncIntervalMinutes: read.SYNC_INTERVAL_MINUTES,
    apiHost: read.API_HOST,
    apiPort: read.API_PORT,
    logLevel: read.LOG_LEVEL,
  };
}

/** The sources, or ConfigError when there is none: for commands that cannot do without. */
export function requireSources(config: Config): readonly SourceConfig[] {
  if (config.sources.length > 0) return config.sources;
  throw new ConfigError(
    [
      'EM_URL is missing. It is the address of Enterprise Manager, for example',
      '  EM_URL=https://em.example.com:9398 EM_USERNAME=reader@example.com EM_PASSWORD=secret npx session-history sync',
      'No Enterprise Manager at hand? `npm run demo` brings a simulated one.',
    ].join('\n'),
  );
}

type OwnSource = {
  readonly [Name in 'EM_URL' | 'EM_USERNAME' | 'EM_PASSWORD' | 'EM_NAME' | 'EM_CA_FILE' | 'EM_CERT_SHA256']?:
    string | undefined;
} & { readonly EM_TLS_INSECURE: boolean; readonly EM_ALLOW_HTTP: boolean };

function readOwnSource(
  read: OwnSource,
  defaults: Pick<SourceConfig, 'list' | 'tasks' | 'concurrency'>,
  environment: Environment,
): readonly SourceConfig[] {
  const given = (['EM_URL', 'EM_USERNAME', 'EM_PASSWORD'] as const).filter(
    (name) => read[name] !== undefined,
  );
  if (given.length === 0) return [];
  const missing = (['EM_URL', 'EM_USERNAME', 'EM_PASSWORD'] as const).filter(
    (name) => read[name] === undefined,
  );
  if (missing.length > 0) {
    throw new ConfigError(
      missing.map((name) => `${name} is missing. ${explain(name)}${hint(name, environment)}`).join('\n'),
    );
  }
  const { EM_URL: url = '', EM_USERNAME: username = '', EM_PASSWORD: password = '' } = read;
  return [
    {
      name: read.EM_NAME ?? new URL(url).hostname,
      url,
      username,
      password,
      tls: {
        ...(read.EM_CA_FILE !== undefined && { caPem: readText('EM_CA_FILE', read.EM_CA_FILE) }),
        ...(read.EM_CERT_SHA256 !== undefined && { certSha256: read.EM_CERT_SHA256 }),
        ...(read.EM_TLS_INSECURE && { insecure: true }),
      },
      allowHttp: read.EM_ALLOW_HTTP,
      ...defaults,
    },
  ];
}

function problem(name: string, what: string, values: ReadonlyMap<string, string>): string {
  const value = secrets.has(name) ? '' : `="${values.get(name) ?? ''}"`;
  return `${name}${value} ${what}. ${explain(name)}`;
}

function explain(name: string): string {
  const variable = variables.find((one) => one.name === name);
  return variable === undefined ? '' : `It is: ${variable.meaning}. Example: ${name}=${variable.example}`;
}

function hint(name: string, environment: Environment): string {
  const mistaken = Object.entries(mistakenNames).find(
    ([wrong, right]) => right === name && environment[wrong] !== undefined,
  );
  return mistaken === undefined ? '' : ` (${mistaken[0]} is set: did you mean ${name}?)`;
}
