import path from 'node:path';
import { ConfigError, type Config, type SourceConfig } from './config.ts';
import { describeMissing, describeMistaken, describeWrong } from './describe-problem.ts';
import { gatherProblems } from './problems.ts';
import { readEnvironment, type Environment } from './read-environment.ts';
import { isLoopback } from '../domain/is-loopback.ts';
import { noteMissing, readOwnSource } from './read-own-source.ts';
import { readSourcesFile } from './read-sources-file.ts';
import { readCertificates } from './read-text.ts';
import { variableRules } from './variable-rules.ts';
import type { VariableName } from './variables.ts';

/**
 * The configuration, from the environment and `.env` in the working folder. Throws ConfigError with one message that names
 * every missing or wrong variable, what is wrong with it, and an example. Values of secrets are never part of it.
 */
export function readConfig(environment: Environment, workingFolder: string): Config {
  const problems = gatherProblems();
  const given = readEnvironment(environment, workingFolder, problems);
  noteMissing(given, problems);
  const parsed = variableRules.safeParse(Object.fromEntries(given.values));
  for (const { path: where, message } of parsed.error?.issues ?? []) {
    const name = where[0] as VariableName;
    problems.add(describeWrong(name, given.values.get(name) ?? '', message));
  }
  // Wrong values have been noted; the other files are looked at with the defaults in their place.
  const values = parsed.data ?? variableRules.parse({});
  const file = given.values.get('SOURCES_FILE');
  const sources = [
    problems.attempt(() => readOwnSource(values, workingFolder)) ?? [],
    file === undefined ? [] : (problems.attempt(() => readSourcesFile(workingFolder, file, values)) ?? []),
  ].flat();
  for (const source of sources) {
    const { protocol, hostname, origin } = new URL(source.url);
    if (protocol === 'http:' && !isLoopback(hostname) && !source.allowHttp) {
      problems.add(
        `${origin} would get user name and password of source "${source.name}" unencrypted. Use https (usually port 9398), or allow it: EM_ALLOW_HTTP=true ("allowHttp": true in SOURCES_FILE).`,
      );
    }
  }
  const redisCaFile = given.values.get('REDIS_CA_FILE');
  const redisCaPem =
    redisCaFile === undefined
      ? undefined
      : problems.attempt(() => readCertificates('REDIS_CA_FILE', workingFolder, redisCaFile));
  const names = sources.map((source) => source.name);
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index))) {
    problems.add(
      `Two sources are called "${name}". Give each its own name (EM_NAME, or "name" in SOURCES_FILE).`,
    );
  }
  problems.throwIfAny();
  return {
    databaseUrl: values.DATABASE_URL,
    apiDatabaseUrl: values.API_DATABASE_URL,
    dataDir: path.resolve(workingFolder, values.DATA_DIR),
    redisUrl: values.REDIS_URL,
    redisCaPem,
    sources,
    syncIntervalMinutes: values.SYNC_INTERVAL_MINUTES,
    workerConcurrency: values.WORKER_CONCURRENCY,
    workerPort: values.WORKER_PORT,
    tracing: values.TRACING,
    apiHost: values.API_HOST,
    apiPort: values.API_PORT,
    apiRateLimit: values.API_RATE_LIMIT,
    metricsComputers: values.METRICS_COMPUTERS,
    apiCorsOrigins: values.API_CORS_ORIGINS ?? [],
    apiFirstKey: values.API_FIRST_KEY,
    metricsToken: values.METRICS_TOKEN,
    logLevel: values.LOG_LEVEL,
    hints: [...given.mistaken].map(([name, mistaken]) => describeMistaken(name, mistaken)),
  };
}

/** The sources, or ConfigError when there is none: for commands that cannot do without. */
export function requireSources(config: Config): readonly SourceConfig[] {
  if (config.sources.length > 0) return config.sources;
  throw new ConfigError(
    [
      describeMissing('EM_URL', undefined),
      '  EM_URL=https://em.example.com:9398 EM_USERNAME=reader@example.com EM_PASSWORD=secret npx session-history sync',
      'Several Enterprise Managers go into SOURCES_FILE. None at hand? `npm run demo` brings a simulated one.',
      ...config.hints,
    ].join('\n'),
  );
}
