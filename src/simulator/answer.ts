import { answerQuery } from './answer-query.ts';
import type { Answering } from './answering.ts';
import { guid } from './random.ts';
import { ok, problem, type Reply } from './reply.ts';
import type { ShownSession } from './view.ts';
import {
  computerEntity,
  document,
  jobEntity,
  openRoot,
  prolog,
  serverEntity,
  sessionEntity,
  sessionReference,
  taskEntity,
  taskId,
  utc,
} from './write-xml.ts';

const windowDays = 30;

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
    isEntity && context.lists.form === 'entity'
      ? ok(
          rooted(
            'BackupJobSessions',
            each(sessions, (shown) => sessionEntity(style, shown)),
          ),
          sessions,
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
        isEntity ? [shown] : [],
      );
    }
    case 'backupSessions/*/taskSessions': {
      const shown = view.find(parts[1]?.toLowerCase() ?? '');
      if (shown === undefined) return problem(404, 'The backup session was not found.');
      return list('BackupTaskSessions', shown.hasTasks ? [shown] : [], (one, form) =>
        taskEntity(style, one, form),
      );
    }
    case 'backupSessions/*/agentManagementSessions':
      return sessionList(
        view.list(windowDays).filter((shown) => shown.session.parentId === parts[1]?.toLowerCase()),
      );
    case 'backupTaskSessions/*': {
      const shown = view
        .list(context.retentionDays)
        .find(({ session, hasTasks }) => hasTasks && taskId(session.id) === parts[1]);
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
