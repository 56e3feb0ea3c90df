import type { MadeSession } from './make-sessions.ts';
import { namespaces, prolog, renderEntity } from './render-session.ts';

const guid = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g;
const time = (filter: string, comparison: string) =>
  new RegExp(`${comparison}"?([^";,)]+)`).exec(filter)?.[1] ?? '';

/** What `/query` says of sessions by id, by creation time, or by end: all of them are finished. Undefined: not in this grammar. */
export function answerQuery(
  sessions: readonly MadeSession[],
  byId: ReadonlyMap<string, MadeSession>,
  parameters: URLSearchParams,
): string | undefined {
  if (parameters.get('type') !== 'BackupJobSession') return undefined;
  const rows = choose(sessions, byId, parameters.get('filter') ?? '');
  if (rows === undefined) return undefined;
  rows.sort((a, b) => (a.created < b.created ? -1 : 1));
  const size = Number(parameters.get('pageSize') ?? 100);
  const page = Number(parameters.get('page') ?? 1);
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const shown = rows.slice((page - 1) * size, page * size).map((row) => renderEntity(row));
  return (
    `${prolog}<QueryResult ${namespaces}><Entities><BackupJobSessions>${shown.join('')}</BackupJobSessions></Entities>` +
    `<PagingInfo PageNum="${page}" PageSize="${size}" PagesCount="${pages}"><Links /></PagingInfo></QueryResult>`
  );
}

function choose(
  sessions: readonly MadeSession[],
  byId: ReadonlyMap<string, MadeSession>,
  filter: string,
): MadeSession[] | undefined {
  if (filter.startsWith('UID==')) return (filter.match(guid) ?? []).flatMap((id) => byId.get(id) ?? []);
  const ended = time(filter, 'EndTime>=');
  if (ended !== '') return sessions.filter((session) => session.ended >= ended);
  const [from, to] = [time(filter, 'CreationTime>='), time(filter, 'CreationTime<')];
  if (from === '' || to === '') return undefined;
  return sessions.filter((session) => session.created >= from && session.created < to);
}
