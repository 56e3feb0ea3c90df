import type { FullEvery } from '../domain/delta-polls.ts';
import type { ListForm, TasksMode } from '../domain/sync-run.ts';

/** How to reach one Enterprise Manager and what to read from it. */
export type SourceConfig = {
  readonly name: string;
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly tls: { readonly caPem?: string; readonly certSha256?: string; readonly insecure?: boolean };
  readonly allowHttp: boolean;
  readonly list: 'auto' | ListForm;
  readonly tasks: TasksMode;
  /** Requests at once. */
  readonly concurrency: number;
  /** Whether many sessions are looked up with one request, where the source answers that truthfully. */
  readonly batch: 'auto' | 'off';
  /** How long polls may go without the whole list, in minutes; 0: every poll reads it. */
  readonly fullEvery: FullEvery;
};

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type Config = {
  /** Undefined: an embedded PostgreSQL under dataDir. */
  readonly databaseUrl: string | undefined;
  /** Undefined: the API reads with the login of databaseUrl. */
  readonly apiDatabaseUrl: string | undefined;
  readonly dataDir: string;
  readonly redisUrl: string | undefined;
  /** Certificates to trust beside the usual ones, for rediss://. */
  readonly redisCaPem: string | undefined;
  readonly sources: readonly SourceConfig[];
  readonly syncIntervalMinutes: number;
  /** Sources polled at once by one process. */
  readonly workerConcurrency: number;
  /** Undefined: `worker` listens nowhere. */
  readonly workerPort: number | undefined;
  readonly tracing: boolean;
  readonly apiHost: string;
  readonly apiPort: number;
  /** Requests a minute and key. */
  readonly apiRateLimit: number;
  readonly apiCorsOrigins: readonly string[];
  /** Gauges for each computer, beside those of all. */
  readonly metricsComputers: boolean;
  /** Whether to make a key where there is none and others can reach the API. */
  readonly apiFirstKey: boolean;
  readonly metricsToken: string | undefined;
  readonly logLevel: (typeof logLevels)[number];
  /** What may be a slip but need not be, as sentences: a name that looks like one of ours, for instance. */
  readonly hints: readonly string[];
};

/** Something in the configuration that a person has to mend; the message says what and how. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
