import { parseFilter, type Row } from './parse-filter.ts';
import { guid } from './random.ts';
import { retentionDays, type ShownSession, type View } from './view.ts';
import type { World } from './world.ts';
import {
  computerEntity,
  document,
  escapeXml,
  jobEntity,
  jobNameOf,
  openRoot,
  prolog,
  serverEntity,
  sessionEntity,
  sessionName,
  sessionReference,
  taskEntity,
  taskId,
  utc,
  type Style,
} from './write-xml.ts';

/** A body: whole, or in pieces where it may be long. */
export type Body = string | Iterable<string>;
export type Reply = { readonly status: number; readonly body: Body };

export type Answering = {
  readonly world: World;
  readonly view: View;
  readonly style: Style;
  readonly isPortalUser: boolean;
  /** False: an old version that answers lists of sessions with references whatever is asked. */
  readonly entityList: boolean;
  readonly queryBeyondWindow: boolean;
};

const windowDays = 30;
const defaultPageSize = 100;
const ok = (body: Body): Reply => ({ status: 200, body });
export const problem = (status: number, message: string): Reply => ({
  status,
  body: `${prolog}<Error xmlns="http://www.veeam.com/ent/v1.0" Message="${escapeXml(message)}" StatusCode="${status}"><FirstChanceExceptionMessage /><StackTrace /></Error>`,
});

function* rooted(root: string, items: Iterable<string>): Generator<string> {
  yield `${prolog}${openRoot(root)}`;
  yield* items;
  yield `</${root}>`;
}

function* each<T>(of: readonly T[], write: (one: T) => string): Generator<string> {
  for (const one of of) yield write(one);
}

/** Answers a GET below `/api` from someone who is logged on. */
export function answer(context: Answering, path: string, query: URLSearchParams): Reply {
  const { world, view, style } = context;
  // "Entities" is the spelling of /query; elsewhere it is not understood.
  const isEntity = query.get('format')?.toLowerCase() === 'entity';
  const sessionList = (sessions: readonly ShownSession[]) =>
    isEntity && context.entityList
      ? ok(
          rooted(
            'BackupJobSessions',
            each(sessions, (shown) => sessionEntity(style, shown)),
          ),
        )
      : ok(
          rooted(
            'EntityReferences',
            each(sessions, (shown) => sessionReference(style, shown)),
          ),
        );
  const list = <T>(
    root: string,
    of: readonly T[],
    write: (one: T, form: 'entity' | 'reference') => string,
  ) =>
    isEntity
      ? ok(
          rooted(
            root,
            each(of, (one) => write(one, 'entity')),
          ),
        )
      : ok(
          rooted(
            'EntityReferences',
            each(of, (one) => write(one, 'reference')),
          ),
        );
  const nextRun = () => view.collectedAt() + 3_600_000_000;
  const parts = path.split('/').slice(1);

  switch (
    parts.map((part, index) => (index % 2 === 1 && /^[\da-f-]{36}$/i.test(part) ? '*' : part)).join('/')
  ) {
    case 'agents/backupSessions':
      return sessionList(view.list(windowDays));
    case 'backupSessions/*': {
      const shown = view.find(parts[1]?.toLowerCase() ?? '');
      if (shown === undefined) return problem(404, 'The backup session was not found.');
      return ok(
        prolog +
          (isEntity
            ? sessionEntity(style, shown, ` ${rootNamespaces}`)
            : sessionReference(style, shown, 'EntityRef', ` ${rootNamespaces}`)),
      );
    }
    case 'backupSessions/*/taskSessions': {
      const shown = view.find(parts[1]?.toLowerCase() ?? '');
      if (shown === undefined) return problem(404, 'The backup session was not found.');
      return list('BackupTaskSessions', shown.session.computer === undefined ? [] : [shown], (one, form) =>
        taskEntity(style, one, form),
      );
    }
    case 'backupSessions/*/agentManagementSessions':
      return sessionList(
        view.list(windowDays).filter((shown) => shown.session.parentId === parts[1]?.toLowerCase()),
      );
    case 'backupTaskSessions/*': {
      const shown = view
        .list(retentionDays)
        .find(({ session }) => session.computer !== undefined && taskId(session.id) === parts[1]);
      return shown === undefined
        ? problem(404, 'The task session was not found.')
        : ok(prolog + taskEntity(style, shown, 'entity', ` ${rootNamespaces}`));
    }
    case 'backupServers':
      return list('BackupServers', world.servers, (server, form) => serverEntity(style, server, form));
    case 'backupServers/*': {
      const server = world.servers.find((one) => one.id === parts[1]);
      return server === undefined
        ? problem(404, 'The backup server was not found.')
        : ok(prolog + serverEntity(style, server, 'entity', ` ${rootNamespaces}`));
    }
    case 'systemSessions':
      return ok(document('SystemSessions', systemSessions(context)));
    case 'query':
      return answerQuery(context, query);
    default:
      break;
  }
  if (parts[0] !== 'agents') return problem(404, `There is no resource ${path}.`);
  if (context.isPortalUser) return problem(403, 'Access is denied.');
  if (path === '/agents/jobs')
    return list('AgentBackupJobs', world.jobs, (job, form) => jobEntity(style, job, form, nextRun()));
  if (path === '/agents/discoveredComputers') {
    const computers = [...world.jobs.flatMap((job) => job.computers), ...world.unprotected].map(
      computerEntity,
    );
    return ok(rooted('DiscoveredComputers', computers));
  }
  const job = world.jobs.find((one) => one.id === parts[2]);
  if (parts[1] !== 'jobs' || job === undefined) return problem(404, `There is no resource ${path}.`);
  if (parts[3] === 'backupSessions')
    return sessionList(view.list(windowDays).filter((shown) => shown.session.job === job));
  return ok(prolog + jobEntity(style, job, 'entity', nextRun(), ` ${rootNamespaces}`));
}

const rootNamespaces = 'xmlns="http://www.veeam.com/ent/v1.0"';

function systemSessions({ view, style }: Answering): string {
  const newest = view.collectedAt();
  return Array.from({ length: 96 }, (_, index) => {
    const created = newest - index * 15 * 60_000_000;
    const id = guid('system session', created);
    return (
      `<SystemSession Type="SystemSession" Href="${style.hrefBase}/api/systemSessions/${id}" UID="urn:veeam:SystemSession:${id}">` +
      `<SessionType>CollectJob</SessionType><CreationTimeUTC>${utc(style, created)}</CreationTimeUTC>` +
      `<EndTimeUTC>${utc(style, created + 41_500_000)}</EndTimeUTC><State>CompletedSuccessfully</State></SystemSession>`
    );
  }).join('');
}

function rowOf(style: Style, shown: ShownSession): Row {
  const { session } = shown;
  return {
    uid: session.id,
    name: sessionName(style, shown),
    jobtype: session.type,
    jobuid: session.computer?.jobId ?? session.job.id,
    jobname: jobNameOf(session.job, session.computer),
    creationtime: utc({ ...style, version: '13' }, session.createdAt),
    endtime: shown.endedAt === undefined ? '' : utc({ ...style, version: '13' }, shown.endedAt),
    state: shown.state,
    result: shown.result,
    isretry: String(session.isRetry),
    backupserveruid: session.job.server.id,
    backupservername: session.job.server.name,
  };
}

function answerQuery(context: Answering, query: URLSearchParams): Reply {
  const { view, style } = context;
  if (query.get('type')?.toLowerCase() !== 'backupjobsession')
    return problem(400, 'This type cannot be queried here.');
  const page = Number(query.get('page') ?? '1');
  const pageSize = Number(query.get('pageSize') ?? defaultPageSize);
  if (!(page >= 1) || !(pageSize >= 1)) return problem(400, 'page and pageSize begin at 1.');
  const filter = query.get('filter');
  const fits = filter === null ? () => true : parseFilter(filter);
  const rows = view
    .list(context.queryBeyondWindow ? retentionDays : windowDays)
    .map((shown) => ({ shown, row: rowOf(style, shown) }))
    .filter(({ row }) => fits(row));
  const ascending = query.get('sortAsc');
  const key = (ascending ?? query.get('sortDesc'))?.toLowerCase();
  if (key !== undefined) {
    const sign = ascending === null ? -1 : 1;
    rows.sort((a, b) => ((a.row[key] ?? '') < (b.row[key] ?? '') ? -sign : sign));
  }
  const pages = Math.max(1, Math.ceil(rows.length / pageSize));
  const shown = rows.slice((page - 1) * pageSize, page * pageSize).map((row) => row.shown);
  const isEntity = /^entit(y|ies)$/i.test(query.get('format') ?? '');
  const body = isEntity
    ? `<Entities><BackupJobSessions>${shown.map((one) => sessionEntity(style, one)).join('')}</BackupJobSessions></Entities>`
    : `<Refs>${shown.map((one) => sessionReference(style, one)).join('')}</Refs>`;
  const links = [
    ['First', 1],
    ['Last', pages],
    ...(page > 1 ? [['Previous', page - 1] as const] : []),
    ...(page < pages ? [['Next', page + 1] as const] : []),
  ].map(
    ([rel, to]) =>
      `<Link Rel="${rel}" Href="${style.hrefBase}/api/query?type=BackupJobSession&amp;pageSize=${pageSize}&amp;page=${to}" />`,
  );
  const paging = `<PagingInfo PageNum="${page}" PageSize="${pageSize}" PagesCount="${pages}"><Links>${links.join('')}</Links></PagingInfo>`;
  return ok(document('QueryResult', body + paging));
}
