import type { ListForm } from '../domain/list-form.ts';
import type { TasksMode } from '../domain/sync-run.ts';

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
};

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type Config = {
  /** Undefined: an embedded PostgreSQL under dataDir. */
  readonly databaseUrl: string | undefined;
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
  readonly logLevel: (typeof logLevels)[number];
  /** What may be a slip but need not be, as sentences: a name that looks like one of ours, for instance. */
  readonly hints: readonly string[];
};

/** Something in the configuration that a person has to mend; the message says what and how. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
