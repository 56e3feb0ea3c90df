import type { SourceConfig } from '../config/config.ts';
import type { Database } from '../db/open-database.ts';
import { rememberLearned, readLearned } from '../db/learned.ts';
import {
  openEnterpriseManager,
  type EnterpriseManagerOptions,
} from '../sources/enterprise-manager/open-enterprise-manager.ts';
import type { Source } from '../sources/source.ts';
import { keepHeapSmall } from './keep-heap-small.ts';

/** Opens a configured source, with what was learned of it before. Another kind of source is one more line here. */
export async function openSource(
  database: Database,
  source: SourceConfig,
  signal: AbortSignal,
  onRetry: (message: string) => void,
): Promise<Source> {
  const opened = openEnterpriseManager({
    ...connectionTo(source, signal),
    learned: await readLearned(database, source.name),
    onLearned: (learned) => {
      void rememberLearned(database, source.name, learned as object | null);
    },
    onEvent: (event) => {
      if (event.kind === 'retry')
        onRetry(`${event.reason} Trying again in ${(event.delayMs / 1_000).toFixed(1)} s.`);
    },
  });
  const letHeapGrow = keepHeapSmall();
  return { ...opened, close: () => opened.close().finally(letHeapGrow) };
}

/** How to connect to a configured source. */
export function connectionTo(source: SourceConfig, signal: AbortSignal): EnterpriseManagerOptions {
  const { url, username, password, tls, allowHttp, concurrency, batch } = source;
  return { url, username, password, tls, allowHttp, concurrency, batch, signal };
}
