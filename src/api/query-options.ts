import type { LabelChange, LabelProblem } from '../domain/label.ts';
import { Problem } from './problems.ts';
import type { QueryPool } from '../query/sql/open-query-pool.ts';

export type SyncRequest = 'queued' | 'unknown' | 'not-scheduled' | 'credentials-refused';

export type LabelsChanged = { readonly changed: number; readonly problems: readonly LabelProblem[] };

/** What the query API needs from the rest of the program. */
export type QueryOptions = {
  readonly version: string;
  /** Where the built dashboard lies. */
  readonly dashboardFolder: string;
  /** undefined while the database has not answered yet. */
  readonly pool: () => QueryPool | undefined;
  /** Apart from it: who asks is known also while questions take all of its connections. */
  readonly accessPool: () => QueryPool | undefined;
  readonly noteKeyUse: (id: string) => void;
  /** Puts a sync of the source into the queue. Throws when the queue does not answer. */
  readonly requestSync: (source: string) => Promise<SyncRequest>;
  /** Throws when the database does not answer. */
  readonly labels: {
    readonly change: (changes: readonly LabelChange[]) => Promise<LabelsChanged>;
  };
  /** Requests a minute and key. */
  readonly rateLimit: number;
  /** Origins of web pages that may ask; none: only the own. */
  readonly corsOrigins: readonly string[];
};

/** Throws Problem `unavailable` while there is none. */
export function readyPool(pool: () => QueryPool | undefined): QueryPool {
  const ready = pool();
  if (ready === undefined)
    throw new Problem('unavailable', 'The database does not answer yet.', { retryAfter: 10 });
  return ready;
}
