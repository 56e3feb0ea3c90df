import path from 'node:path';
import { z } from 'zod';
import { ConfigError, type SourceConfig } from './config.ts';
import { gatherProblems, type Problems } from './problems.ts';
import { readCertificates, readSecret, readText } from './read-text.ts';
import {
  batchMode,
  bool,
  certSha256,
  concurrency,
  fullEveryMinutes,
  listForm,
  sourceName,
  sourceUrl,
  tasksMode,
  text,
  username,
} from './rules.ts';
import type { Values } from './variable-rules.ts';

const entry = z.strictObject({
  name: sourceName.optional(),
  url: sourceUrl,
  username,
  password: text.min(1, 'is empty').optional(),
  passwordFile: text.optional(),
  caFile: text.optional(),
  certSha256: certSha256.optional(),
  tlsInsecure: bool.default(false),
  allowHttp: bool.default(false),
  list: listForm.optional(),
  tasks: tasksMode.optional(),
  concurrency: concurrency.optional(),
  batch: batchMode.optional(),
  fullEveryMinutes: fullEveryMinutes.optional(),
});
type Entry = z.infer<typeof entry>;

const shape = '[{"name": "...", "url": "https://...:9398", "username": "...", "passwordFile": "..."}]';

/**
 * The sources of a JSON file; what one leaves out comes from the environment, paths in it are relative to the file.
 * Throws ConfigError with all that is wrong.
 */
export function readSourcesFile(
  workingFolder: string,
  file: string,
  defaults: Pick<
    Values,
    'SYNC_LIST' | 'SYNC_TASKS' | 'EM_CONCURRENCY' | 'EM_BATCH' | 'SYNC_FULL_EVERY_MINUTES'
  >,
): readonly SourceConfig[] {
  const whole = path.resolve(workingFolder, file);
  const content = parseJson(readText('SOURCES_FILE', workingFolder, file), whole);
  if (!Array.isArray(content)) {
    throw new ConfigError(`SOURCES_FILE ${whole} is not a list of sources. It should look like ${shape}`);
  }
  const problems = gatherProblems();
  const sources = content.flatMap((item: unknown, index) => {
    const label = describeEntry(item, index, whole);
    const parsed = entry.safeParse(item);
    for (const issue of parsed.error?.issues ?? []) problems.add(`${label}: ${describeIssue(issue)}.`);
    return parsed.data === undefined ? [] : [readEntry(parsed.data, label, path.dirname(whole), problems)];
  });
  problems.throwIfAny();
  return sources.map(({ list, tasks, concurrency: atOnce, batch, fullEvery, ...source }) => ({
    ...source,
    list: list ?? defaults.SYNC_LIST,
    tasks: tasks ?? defaults.SYNC_TASKS,
    concurrency: atOnce ?? defaults.EM_CONCURRENCY,
    batch: batch ?? defaults.EM_BATCH,
    fullEvery: fullEvery ?? defaults.SYNC_FULL_EVERY_MINUTES,
  }));
}

function readEntry(from: Entry, label: string, folder: string, problems: Problems) {
  const { passwordFile, caFile } = from;
  if ((from.password === undefined) === (passwordFile === undefined)) {
    problems.add(`${label}: it needs either "password" or "passwordFile".`);
  }
  const password =
    passwordFile === undefined
      ? from.password
      : problems.attempt(() => readSecret(`${label}: passwordFile`, folder, passwordFile));
  const caPem =
    caFile === undefined
      ? undefined
      : problems.attempt(() => readCertificates(`${label}: caFile`, folder, caFile));
  return {
    name: from.name ?? new URL(from.url).hostname,
    url: from.url,
    username: from.username,
    password: password ?? '',
    tls: {
      ...(caPem !== undefined && { caPem }),
      ...(from.certSha256 !== undefined && { certSha256: from.certSha256 }),
      ...(from.tlsInsecure && { insecure: true }),
    },
    allowHttp: from.allowHttp,
    list: from.list,
    tasks: from.tasks,
    concurrency: from.concurrency,
    batch: from.batch,
    fullEvery: from.fullEveryMinutes,
  };
}

/** People find a source by its name; one without is counted from 1. */
function describeEntry(item: unknown, index: number, file: string): string {
  const name = (item as { name?: unknown } | null)?.name;
  return `SOURCES_FILE ${file}, source ${index + 1}${typeof name === 'string' ? ` ("${name}")` : ''}`;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return `${issue.keys.map((key) => `"${key}"`).join(', ')} means nothing here (known: ${Object.keys(entry.shape).join(', ')})`;
  }
  if (issue.path.length === 0) return 'it is not an object';
  return `"${issue.path.join('.')}" ${issue.message}`;
}

function parseJson(content: string, file: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    // Not the parser's own words: they quote what they choke on, which may be a password.
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    const line =
      position === undefined ? '' : ` near line ${content.slice(0, Number(position)).split('\n').length}`;
    throw new ConfigError(`SOURCES_FILE ${file} is not JSON${line}. It should look like ${shape}`);
  }
}
