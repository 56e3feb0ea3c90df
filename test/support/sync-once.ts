import type { SyncReport } from '../../src/domain/sync-run.ts';
import {
  connectEnterpriseManager,
  type ConnectOptions,
} from '../../src/sources/enterprise-manager/connect-enterprise-manager.ts';
import { openDatabase } from '../../src/db/database.ts';
import { holdBacklog } from '../../src/db/held-backlog.ts';
import { holdSource } from '../../src/db/source-history.ts';
import { syncSource, type SyncOptions } from '../../src/sync/sync-source.ts';

export const credentials = { username: 'demo', password: 'demo' };

export type SyncOnceOptions = Partial<Pick<SyncOptions, 'list' | 'signal' | 'onWarning'>> & {
  readonly tasks?: 'all' | 'failed' | 'none';
  readonly connect?: Partial<ConnectOptions>;
};

/** One sync through the real parts, with time-outs that suit a test. */
export async function syncOnce(
  url: string,
  databaseUrl: string,
  options: SyncOnceOptions = {},
): Promise<SyncReport> {
  const database = openDatabase(databaseUrl, { poolSize: 3 });
  const source = { name: 'em', url, tasks: options.tasks ?? ('all' as const) };
  try {
    return await syncSource(
      {
        hold: () => holdSource(database, source, 'cli'),
        holdBacklog: () => holdBacklog(database, source),
        connect: (signal) =>
          connectEnterpriseManager({
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
      },
      {
        source: source.name,
        list: options.list ?? 'auto',
        concurrency: 4,
        readsTasks: source.tasks !== 'none',
        signal: options.signal ?? new AbortController().signal,
        ...(options.onWarning && { onWarning: options.onWarning }),
      },
    );
  } finally {
    await database.close();
  }
}
