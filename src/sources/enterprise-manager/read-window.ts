import { SyncError } from '../../domain/sync-error.ts';
import type { ListRecord, Window, WindowAnswer } from '../source.ts';
import { fingerprint } from './fingerprint.ts';
import { findPagingFault, readQueryPage, type Ask, type Paging } from './query-page.ts';
import { readRecord } from './read-record.ts';

type WindowRecord = WindowAnswer['records'][number];

const pageSize = 1_000;
/** A window that cannot be halved any more is read page by page. */
const smallestWindowMs = 1_000;
const maxPasses = 10;
/** Sessions created within one second; more of them are no answer. */
const maxRowsAtOnce = 20_000;

/** What pages of a window brought, put together. */
function gather(window: Window, wanted: JobType) {
  const records = new Map<string, WindowRecord>();
  const state = { rows: 0, strays: 0, twice: false, unreadable: undefined as string | undefined };
  function add(record: ListRecord | undefined, seen: Set<string>): void {
    if (record === undefined) return;
    state.rows += 1;
    const key = record.as === 'unreadable' ? record.fingerprint : record.session.id;
    if (record.as === 'reference') {
      state.unreadable ??= 'a reference where a session was asked for';
      return;
    }
    if (record.as !== 'unreadable' && isStray(record.session, window, wanted)) {
      state.strays += 1;
      return;
    }
    if (seen.has(key)) state.twice = true;
    seen.add(key);
    if (record.as !== 'session') state.unreadable ??= record.reason;
    const before = records.get(key);
    if (before?.as !== 'session') records.set(key, record);
  }
  return { records, state, add };
}

/** The filter is applied once more, because EM has been seen to answer with rows outside of it. */
function isStray(
  { jobType, createdAt }: { readonly jobType: string | null; readonly createdAt: string | null },
  { from, to }: Window,
  wanted: JobType,
): boolean {
  if (jobType !== null && jobType !== wanted) return true;
  return createdAt !== null && (createdAt < from || createdAt >= to);
}

/**
 * Reads the agent sessions created in a window through `/query`, one job type after the other: of alternatives in one filter an
 * EM may honour the first alone, and nothing in its answer would tell.
 */
export async function readWindow(ask: Ask, window: Window): Promise<WindowAnswer> {
  const records: WindowRecord[] = [];
  let worst: WindowAnswer = { as: 'whole', records: [] };
  for (const jobType of jobTypes) {
    const answer = await readOneType(ask, window, jobType);
    records.push(...answer.records);
    if (gravity[answer.as] > gravity[worst.as]) worst = answer;
    if (answer.as === 'refused') break;
  }
  return { ...worst, records };
}

const jobTypes = ['AgentBackup', 'AgentManagement'] as const;
type JobType = (typeof jobTypes)[number];

const gravity = {
  whole: 0,
  doubtful: 1,
  'too-large': 2,
  refused: 3,
} as const satisfies Record<WindowAnswer['as'], number>;

async function readOneType(ask: Ask, window: Window, jobType: JobType): Promise<WindowAnswer> {
  const filter = `JobType==${jobType};CreationTime>="${window.from}";CreationTime<"${window.to}"`;
  const query = { type: 'BackupJobSession', filter, pageSize } as const;
  const gathered = gather(window, jobType);
  const { state } = gathered;

  async function readPage(page: number, seen: Set<string>) {
    const here = await readQueryPage(ask, query, page, (cut) => {
      gathered.add(readRecord({ ...cut, fingerprint: fingerprint(cut.bytes, 'entity') }), seen);
    });
    return here;
  }

  const answer = <T extends { readonly as: WindowAnswer['as'] }>(rest: T) => ({
    records: [...gathered.records.values()],
    ...rest,
  });
  const doubtful = (reason: string) => answer({ as: 'doubtful', reason } as const);

  function findFault(): string | undefined {
    if (state.strays > 0) return `/query has ${state.strays} of ${state.rows} rows that were not asked for.`;
    if (state.twice) return '/query has a session twice.';
    return state.unreadable === undefined
      ? undefined
      : `/query has a row that cannot be read whole: ${state.unreadable}`;
  }

  const first = await readPage(1, new Set());
  if (first.as === 'refused') {
    const { as, kind, reason } = first.judgement;
    if (as === 'expired' || (kind === 'transient' && !reason.includes(' answered 500 ')))
      throw new SyncError(kind, reason);
    if (kind === 'transient') return doubtful(reason);
    return answer({ as: 'refused', reason } as const);
  }
  if (state.strays * 2 > state.rows)
    return answer({
      as: 'refused',
      reason: '/query does not honour its filter: most rows were not asked for.',
    } as const);
  const { paging } = first;
  const pagingFault = findPagingFault(first, 1, undefined);
  if (pagingFault !== undefined || paging === undefined)
    return doubtful(`/query ${pagingFault ?? 'says nothing of its pages'}.`);
  if (paging.pages > 1) {
    if (Date.parse(window.to) - Date.parse(window.from) > smallestWindowMs)
      return answer({ as: 'too-large' } as const);
    const fault = await readAllPages(paging);
    if (fault !== undefined) return doubtful(fault);
  }
  const fault = findFault();
  return fault === undefined ? answer({ as: 'whole' } as const) : doubtful(fault);

  /**
   * Sessions of one moment have no order, so pages may show one twice and another never. Read again and again, they are
   * whole when as many different ones came as the pages say there are.
   */
  async function readAllPages(paging: Paging): Promise<string | undefined> {
    if (paging.pages * paging.size > maxRowsAtOnce) return '/query has too many sessions of one second.';
    let total: number | undefined;
    for (let pass = 1; pass <= maxPasses; pass += 1) {
      let rows = 0;
      for (let page = 1; page <= paging.pages; page += 1) {
        const here = await readPage(page, new Set());
        if (here.as === 'refused') return here.judgement.reason;
        const fault = findPagingFault(here, page, paging);
        if (fault !== undefined) return `/query ${fault}.`;
        rows += here.rows;
      }
      if (total !== undefined && total !== rows) return '/query changes the number of its rows.';
      total = rows;
      if (gathered.records.size >= total) break;
    }
    if (gathered.records.size === total) return undefined;
    return `/query shows ${gathered.records.size} different sessions where it counts ${total ?? 0}.`;
  }
}
