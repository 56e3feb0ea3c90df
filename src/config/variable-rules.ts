import { z } from 'zod';
import { logLevels } from './config.ts';
import {
  batchMode,
  bool,
  certSha256,
  concurrency,
  intervalMinutes,
  listForm,
  oneOf,
  origins,
  port,
  rateLimit,
  sourceName,
  sourceUrl,
  tasksMode,
  urlOf,
  username,
  workerConcurrency,
} from './rules.ts';
import type { VariableName } from './variables.ts';

/** What each variable's value has to be, and what it is when not given. */
export const variableRules = z.object({
  DATABASE_URL: urlOf('postgres:', 'postgresql:').optional(),
  DATA_DIR: z.string().default('./.data'),
  REDIS_URL: urlOf('redis:', 'rediss:').optional(),
  EM_URL: sourceUrl.optional(),
  EM_USERNAME: username.optional(),
  EM_PASSWORD: z.string().optional(),
  EM_NAME: sourceName.optional(),
  EM_CA_FILE: z.string().optional(),
  EM_CERT_SHA256: certSha256.optional(),
  EM_TLS_INSECURE: bool.default(false),
  EM_ALLOW_HTTP: bool.default(false),
  SOURCES_FILE: z.string().optional(),
  SYNC_INTERVAL_MINUTES: intervalMinutes.default(15),
  SYNC_LIST: listForm.default('auto'),
  SYNC_TASKS: tasksMode.default('all'),
  EM_CONCURRENCY: concurrency.default(4),
  EM_BATCH: batchMode.default('auto'),
  WORKER_CONCURRENCY: workerConcurrency.default(16),
  WORKER_PORT: port.optional(),
  TRACING: bool.default(false),
  API_HOST: z.string().default('127.0.0.1'),
  API_PORT: port.default(8080),
  API_RATE_LIMIT: rateLimit.default(100_000),
  API_CORS_ORIGINS: origins.optional(),
  METRICS_COMPUTERS: bool.default(false),
  LOG_LEVEL: oneOf(logLevels).default('info'),
} satisfies Record<VariableName, z.ZodType>);

export type Values = z.infer<typeof variableRules>;
