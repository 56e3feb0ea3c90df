import { SyncError } from '../../domain/sync-error.ts';
import type { PartialSession } from '../../domain/backup-session.ts';
import type { Timestamp } from '../../domain/timestamp.ts';
import type { ChangesAnswer } from '../source.ts';
import { fingerprint } from './fingerprint.ts';
import { findPagingFault, readQueryPage, type Ask, type Paging, type QueryPage } from './query-page.ts';
import { readRecord } from './read-record.ts';

const pageSize = 1_000;
/** More changes than this are read from the list. */
const maxRows = 5_000;

type ChangesRecord = Extract<ChangesAnswer, { readonly as: 'whole' }>['records'][number];

/** Reads the agent sessions that are unfinished or ended since, through `/query`. */
export async function readChanges(ask: Ask, since: Timestamp): Promise<ChangesAnswer> {
  const filter = `(JobType==AgentBackup,JobType==AgentManagement);(State!=Stopped,EndTime>="${since}")`;
  const query = { type: 'BackupJobSession', filter, pageSize } as const;
  const records = new Map<string, ChangesRecord>();
  let rows = 0;
  let strays = 0;
  let references = 0;
  let readAt: Timestamp | undefined;
  let first: Paging | undefined;
  const unavailable = (reason: string) => ({ as: 'unavailable', reason }) as const;
  const untrue = (reason: string) => ({ as: 'untrue', reason }) as const;

  const readPage = (page: number) =>
    readQueryPage(ask, query, page, (cut) => {
      const record = readRecord({ ...cut, fingerprint: fingerprint(cut.bytes, 'entity') });
      if (record === undefined) return;
      rows += 1;
      if (record.as === 'reference') references += 1;
      else if (record.as === 'unreadable') records.set(record.fingerprint, record);
      else if (isStray(record.session, since)) strays += 1;
      else records.set(record.session.id, record);
    });

  for (let page = 1; ; page += 1) {
    let here: QueryPage;
    try {
      here = await readPage(page);
    } catch (error) {
      if (!(error instanceof SyncError) || error.kind !== 'contract') throw error;
      return untrue(error.message);
    }
    if (here.as === 'refused') {
      const { as, kind, reason } = here.judgement;
      if (as === 'expired') throw new SyncError(kind, reason);
      return kind === 'transient' ? unavailable(reason) : untrue(reason);
    }
    const fault = findPagingFault(here, page, first);
    if (fault !== undefined || here.paging === undefined)
      return untrue(`/query for changes ${fault ?? 'says nothing of its pages'}.`);
    // Whatever changes from here on belongs to the next question.
    readAt ??= here.readAt;
    first ??= here.paging;
    if (strays > 0) return untrue(`/query has ${strays} of ${rows} rows that were not asked for.`);
    if (references > 0) return untrue('/query has references where sessions were asked for.');
    if (first.pages * first.size > maxRows && first.pages > 1)
      return unavailable(`/query has more than ${maxRows - pageSize} changes.`);
    if (page >= first.pages) break;
  }
  // Rows move between pages while sessions come and go: a row that came twice hides one that never came.
  if (records.size < rows) return unavailable('/query has a session twice.');
  return { as: 'whole', readAt, records: [...records.values()] };
}

/** The filter is applied once more, because EM has been seen to answer with rows outside of it. */
function isStray({ jobType, state, endedAt }: PartialSession, since: Timestamp): boolean {
  if (jobType !== null && jobType !== 'AgentBackup' && jobType !== 'AgentManagement') return true;
  return state === 'Stopped' && endedAt !== null && endedAt < since;
}
