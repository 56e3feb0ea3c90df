import { openDatabase } from '../../src/db/open-database.ts';
import type { SyncReport } from '../../src/domain/sync-run.ts';
import {
  openEnterpriseManager,
  type EnterpriseManagerOptions,
} from '../../src/sources/enterprise-manager/open-enterprise-manager.ts';
import { syncSource, type SyncOptions } from '../../src/sync/sync-source.ts';

export const credentials = { username: 'demo', password: 'demo' };

export type SyncOnceOptions = Partial<
  Pick<SyncOptions, 'list' | 'fullEvery' | 'isFull' | 'signal' | 'onWarning' | 'isImpatient'>
> & {
  readonly tasks?: 'all' | 'failed' | 'none';
  readonly connect?: Partial<EnterpriseManagerOptions>;
};

/** One sync through the real parts, with time-outs that suit a test. */
export async function syncOnce(
  url: string,
  databaseUrl: string,
  options: SyncOnceOptions = {},
): Promise<SyncReport> {
  const database = openDatabase(databaseUrl, { poolSize: 3 });
  const source = { name: 'em', url, tasks: options.tasks ?? ('all' as const) };
  const connect = (signal: AbortSignal) =>
    Promise.resolve(
      openEnterpriseManager({
        url,
        ...credentials,
        concurrency: 4,
        signal,
        retry: { attempts: 3, baseMs: 5, maxMs: 20, maxRetryAfterMs: 2_000 },
        timeouts: {
          connectMs: 2_000,
          headersMs: 1_000,
          listHeadersMs: 1_000,
          idleBodyMs: 500,
          windowMs: 400,
          minBytesPerWindow: 4_096,
        },
        ...options.connect,
      }),
    );
  try {
    return await syncSource(database, source, connect, {
      trigger: 'cli',
      list: options.list ?? 'auto',
      fullEvery: options.fullEvery ?? 'auto',
      isFull: options.isFull ?? false,
      tasks: source.tasks,
      readsTasks: source.tasks !== 'none',
      isImpatient: options.isImpatient ?? true,
      signal: options.signal ?? new AbortController().signal,
      ...(options.onWarning && { onWarning: options.onWarning }),
    });
  } finally {
    await database.close();
  }
}
