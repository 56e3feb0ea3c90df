import type { SourceConfig } from './config.ts';
import { describeMissing } from './describe-problem.ts';
import type { Problems } from './problems.ts';
import type { Given } from './read-environment.ts';
import { readCertificates } from './read-text.ts';
import type { Values } from './variable-rules.ts';

const needed = ['EM_URL', 'EM_USERNAME', 'EM_PASSWORD'] as const;

/** What is missing of the one Enterprise Manager that EM_* describe, unless there is nothing of it. */
export function noteMissing(given: Given, problems: Problems): void {
  const missing = needed.filter((name) => !given.isGiven(name));
  if (missing.length === needed.length) return;
  for (const name of missing) problems.add(describeMissing(name, given.mistaken.get(name)));
}

/** The one Enterprise Manager that EM_* describe, undefined when they do not. Throws ConfigError. */
export function readOwnSource(values: Values, workingFolder: string): SourceConfig | undefined {
  const { EM_URL: url, EM_USERNAME: username, EM_PASSWORD: password } = values;
  if (url === undefined || username === undefined || password === undefined) return undefined;
  return {
    name: values.EM_NAME ?? new URL(url).hostname,
    url,
    username,
    password,
    tls: {
      ...(values.EM_CA_FILE !== undefined && {
        caPem: readCertificates('EM_CA_FILE', workingFolder, values.EM_CA_FILE),
      }),
      ...(values.EM_CERT_SHA256 !== undefined && { certSha256: values.EM_CERT_SHA256 }),
      ...(values.EM_TLS_INSECURE && { insecure: true }),
    },
    allowHttp: values.EM_ALLOW_HTTP,
    list: values.SYNC_LIST,
    tasks: values.SYNC_TASKS,
    concurrency: values.EM_CONCURRENCY,
    batch: values.EM_BATCH,
    fullEvery: values.SYNC_FULL_EVERY_MINUTES,
  };
}
