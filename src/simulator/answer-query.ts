import type { Answering } from './answering.ts';
import { parseFilter, type Row } from './parse-filter.ts';
import { draw } from './random.ts';
import { problem, type Reply } from './reply.ts';
import type { ShownSession } from './view.ts';
import {
  document,
  jobNameOf,
  sessionEntity,
  sessionName,
  sessionReference,
  taskEntity,
  taskId,
  taskName,
  taskTimes,
  utc,
  type Style,
} from './write-xml.ts';

const defaultPageSize = 100;
const cappedPageSize = 10;
const removedRows = 3;

type Found = { readonly shown: ShownSession; readonly row: Row };
type Type = 'BackupJobSession' | 'BackupTaskSession';

/** Answers /query for sessions and their tasks, in the manners it has at the moment. */
export function answerQuery(context: Answering, query: URLSearchParams): Reply {
  const { view, style, manners } = context;
  if (manners.status !== undefined) return problem(manners.status, 'The query was refused.');
  const type = (['BackupJobSession', 'BackupTaskSession'] as const).find(
    (one) => one.toLowerCase() === query.get('type')?.toLowerCase(),
  );
  if (type === undefined || (type === 'BackupTaskSession' && !manners.tasks))
    return problem(400, 'This type cannot be queried here.');
  const page = Number(query.get('page') ?? '1');
  const wantedSize = Number(query.get('pageSize') ?? defaultPageSize);
  if (!(page >= 1) || !(wantedSize >= 1)) return problem(400, 'page and pageSize begin at 1.');

  const asked = manners.filter === 'honest' ? askedSessions(type, query.get('filter') ?? '') : undefined;
  const all = view
    .list(manners.reachDays ?? context.retentionDays)
    .filter(
      (shown) => (type === 'BackupJobSession' || shown.hasTasks) && asked?.has(shown.session.id) !== false,
    )
    .map((shown) => ({ shown, row: rowOf(context, type, shown) }));
  const rows = sort(context, query, filter(context, query, all));
  const removed = manners.rows === 'removed-between-pages' && page > 1 ? rows.splice(0, removedRows) : [];
  if (removed.length > 0) {
    const ids = new Set(removed.map(({ shown }) => shown.session.id));
    context.whileRemoved(view.upheavals.hide(({ id }) => ids.has(id)));
  }

  const size =
    manners.pageSize === 'fixed'
      ? defaultPageSize
      : manners.pageSize === 'capped'
        ? Math.min(wantedSize, cappedPageSize)
        : wantedSize;
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const shown = rows.slice((page - 1) * size, page * size).map((row) => row.shown);
  const isBatch =
    /UID==/i.test(query.get('filter') ?? '') && !/CreationTime/i.test(query.get('filter') ?? '');
  if (manners.rows === 'short-batches' && isBatch) shown.splice(Math.floor(shown.length / 2), 1);
  if (manners.rows === 'twice') shown.push(...shown.slice(-1));
  const claimed = { honest: pages, missing: pages, 'too-few': 1, 'too-many': pages + 2 }[manners.paging];
  const paging = manners.paging === 'missing' ? '' : pagingInfo(style, type, page, size, claimed);
  const isEntity = /^entit(y|ies)$/i.test(query.get('format') ?? '');
  const body = rowsOf(context, type, isEntity, shown);
  return {
    status: 200,
    body: document('QueryResult', body + paging),
    shows: isEntity && type === 'BackupJobSession' ? shown : [],
  };
}

const alternative = {
  BackupJobSession: /^UID=="?(?:urn:veeam:BackupJobSession:)?([\da-f-]{36})"?$/i,
  BackupTaskSession: /^JobSessionUid=="?(?:urn:veeam:BackupJobSession:)?([\da-f-]{36})"?$/i,
} as const satisfies Record<Type, RegExp>;

/** The sessions that a filter of ids alone can let through: a look-up, as a database has an index for it. */
function askedSessions(type: Type, filter: string): ReadonlySet<string> | undefined {
  const ids = filter.split(',').map((one) => alternative[type].exec(one.trim())?.[1]?.toLowerCase());
  return ids.every((id) => id !== undefined) ? new Set(ids) : undefined;
}

/** The rows that the filter lets through. */
function filter({ manners }: Answering, query: URLSearchParams, rows: readonly Found[]): Found[] {
  const text = query.get('filter');
  if (text === null || manners.filter === 'ignored') return [...rows];
  const fits = parseFilter(manners.filter === 'first-alternative' ? firstAlternatives(text) : text);
  return rows.filter(({ row }) => fits(row));
}

/** The filter without what stands behind a comma, to the end of its group. */
function firstAlternatives(text: string): string {
  const inGroups = text.replaceAll(/\(([^(),]*),[^()]*\)/g, '($1)');
  return inGroups.includes('(') ? inGroups : (inGroups.split(',')[0] ?? '');
}

function sort({ manners, requestCount }: Answering, query: URLSearchParams, rows: Found[]): Found[] {
  const ascending = query.get('sortAsc');
  const key = (ascending ?? query.get('sortDesc'))?.toLowerCase();
  const sign = ascending === null ? -1 : 1;
  const tie = ({ shown }: Found) =>
    manners.order === 'unstable' ? draw(requestCount(), shown.session.id) : shown.session.id;
  // They stand in the order of their ids already.
  if (key === undefined && manners.order === 'honest') return rows;
  const value = ({ row }: Found) => (key === undefined ? '' : (row[key] ?? ''));
  return rows.sort((a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one !== other) return one < other ? -sign : sign;
    return tie(a) < tie(b) ? -1 : 1;
  });
}

function rowsOf(
  { style, manners }: Answering,
  type: Type,
  isEntity: boolean,
  shown: readonly ShownSession[],
): string {
  const written = shown.map((one) => {
    const child = manners.parentLinks ? one : { ...one, session: { ...one.session, parentId: undefined } };
    if (type === 'BackupTaskSession') return taskEntity(style, one, isEntity ? 'entity' : 'reference');
    return isEntity ? sessionEntity(style, child) : sessionReference(style, child);
  });
  if (manners.rows === 'spoiled' && written[0] !== undefined)
    written[0] = written[0].replace(/<CreationTimeUTC>[^<]*</, '<CreationTimeUTC>yesterday<');
  return isEntity
    ? `<Entities><${type}s>${written.join('')}</${type}s></Entities>`
    : `<Refs>${written.join('')}</Refs>`;
}

function pagingInfo(style: Style, type: Type, page: number, size: number, pages: number): string {
  const links = [
    ['First', 1] as const,
    ['Last', pages] as const,
    ...(page > 1 ? [['Previous', page - 1] as const] : []),
    ...(page < pages ? [['Next', page + 1] as const] : []),
  ].map(
    ([rel, to]) =>
      `<Link Rel="${rel}" Href="${style.hrefBase}/api/query?type=${type}&amp;pageSize=${size}&amp;page=${to}" />`,
  );
  return `<PagingInfo PageNum="${page}" PageSize="${size}" PagesCount="${pages}"><Links>${links.join('')}</Links></PagingInfo>`;
}

/** Rows of what is shown, for as long as it is shown so: a query looks at all there are. */
const rowsOfShown = {
  BackupJobSession: new WeakMap<ShownSession, Row>(),
  BackupTaskSession: new WeakMap<ShownSession, Row>(),
} as const satisfies Record<Type, unknown>;

function rowOf({ style }: Answering, type: Type, shown: ShownSession): Row {
  const kept = rowsOfShown[type].get(shown);
  if (kept !== undefined) return kept;
  const row = type === 'BackupJobSession' ? sessionRow(style, shown) : taskRow(style, shown);
  rowsOfShown[type].set(shown, row);
  return row;
}

const exact = (style: Style): Style => ({ ...style, version: '13' });

function sessionRow(style: Style, shown: ShownSession): Row {
  const { session } = shown;
  return {
    uid: `urn:veeam:BackupJobSession:${session.id}`,
    name: sessionName(style, shown),
    jobtype: session.type,
    jobuid: `urn:veeam:Job:${session.computer?.jobId ?? session.job.id}`,
    jobname: jobNameOf(session.job, session.computer),
    creationtime: utc(exact(style), session.createdAt),
    endtime: shown.endedAt === undefined ? '' : utc(exact(style), shown.endedAt),
    state: shown.state,
    result: shown.result,
    isretry: String(session.isRetry),
    backupserveruid: `urn:veeam:BackupServer:${session.job.server.id}`,
    backupservername: session.job.server.name,
  };
}

function taskRow(style: Style, shown: ShownSession): Row {
  const { session } = shown;
  const { begins, ended } = taskTimes(shown);
  return {
    ...sessionRow(style, shown),
    uid: `urn:veeam:BackupTaskSession:${taskId(session.id)}`,
    name: taskName(style, shown),
    creationtime: utc(exact(style), begins),
    endtime: ended === undefined ? '' : utc(exact(style), ended),
    state: shown.state === 'Stopped' ? 'Completed' : 'InProgress',
    reason: session.reason,
    totalsize: String(session.bytes),
    jobsessionuid: `urn:veeam:BackupJobSession:${session.id}`,
    vmdisplayname: session.computer?.name ?? '',
  };
}
