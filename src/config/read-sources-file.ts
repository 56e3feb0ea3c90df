import path from 'node:path';
import { z } from 'zod';
import { ConfigError, type SourceConfig } from './config.ts';
import { readText } from './read-environment.ts';
import { bool, certSha256, concurrency, listForm, sourceUrl, tasksMode } from './rules.ts';

const source = z.strictObject({
  name: z.string().min(1, 'is empty').max(200, 'is longer than 200 characters').optional(),
  url: sourceUrl,
  username: z.string().min(1, 'is empty'),
  password: z.string().optional(),
  passwordFile: z.string().optional(),
  caFile: z.string().optional(),
  certSha256: certSha256.optional(),
  tlsInsecure: bool.default(false),
  allowHttp: bool.default(false),
  list: listForm.optional(),
  tasks: tasksMode.optional(),
  concurrency: concurrency.optional(),
});

/** Sources from a JSON file; what one leaves out comes from the environment. Paths in it are relative to the file. */
export function readSourcesFile(
  file: string,
  defaults: Pick<SourceConfig, 'list' | 'tasks' | 'concurrency'>,
): readonly SourceConfig[] {
  const folder = path.dirname(file);
  const parsed = z.array(source).safeParse(parseJson(file));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `  [${issue.path.join('].')}] ${issue.message}`);
    throw new ConfigError(
      `SOURCES_FILE ${file} has mistakes (counting sources from 0):\n${problems.join('\n')}`,
    );
  }
  return parsed.data.map((entry, index) => {
    const name = entry.name ?? new URL(entry.url).hostname;
    if ((entry.password === undefined) === (entry.passwordFile === undefined)) {
      throw new ConfigError(
        `SOURCES_FILE ${file}: source ${index} ("${name}") needs either "password" or "passwordFile".`,
      );
    }
    const text = (key: string, at: string) =>
      readText(`SOURCES_FILE: "${key}" of "${name}"`, path.resolve(folder, at));
    return {
      name,
      url: entry.url,
      username: entry.username,
      password: entry.password ?? text('passwordFile', entry.passwordFile ?? '').replace(/\r?\n$/, ''),
      tls: {
        ...(entry.caFile !== undefined && { caPem: text('caFile', entry.caFile) }),
        ...(entry.certSha256 !== undefined && { certSha256: entry.certSha256 }),
        ...(entry.tlsInsecure && { insecure: true }),
      },
      allowHttp: entry.allowHttp,
      list: entry.list ?? defaults.list,
      tasks: entry.tasks ?? defaults.tasks,
      concurrency: entry.concurrency ?? defaults.concurrency,
    };
  });
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readText('SOURCES_FILE', file));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(
      `SOURCES_FILE ${file} is not JSON: ${(error as Error).message}. It should be a list: [{"name": …, "url": …, "username": …, "passwordFile": …}]`,
    );
  }
}
