import { useQuery } from '@tanstack/preact-query';
import { readSession } from '../api/ask.ts';
import type { Session, SessionDetails } from '../api/rows.ts';
import { freshMs } from '../api/use-list.ts';
import { formatBytes, formatCount, formatDuration, orDash } from '../format/numbers.ts';
import { links } from '../format/links.ts';
import { Answer } from '../parts/answer.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Facts } from '../parts/facts.tsx';
import { labelFacts } from '../parts/label-columns.tsx';
import { OutcomeBadge } from '../parts/outcome.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { Panel } from '../parts/panel.tsx';
import { SessionsTable } from '../parts/sessions-table.tsx';
import { Time } from '../parts/time.tsx';
import { useFilters } from '../parts/use-filters.ts';

const names = ['source', 'id'];

export function SessionPage() {
  const filters = useFilters(names);
  const [source, id] = [filters.first('source'), filters.first('id')];
  const asked = useQuery({
    queryKey: ['session', source, id],
    queryFn: ({ signal }) => readSession(id, source === '' ? undefined : source, signal),
    refetchInterval: freshMs,
  });
  return (
    <>
      <PageTitle title={asked.data?.sessionName ?? 'Session'} above={`Session · ${source}`} />
      <Answer to={asked} lines={12}>
        {(session) => <Details session={session} />}
      </Answer>
    </>
  );
}

function Details({ session }: { readonly session: SessionDetails }) {
  const { source, parent, children, tasks, failureReason } = session;
  return (
    <>
      <Facts of={factsOf(session)} />
      {failureReason !== null && (
        <Panel title="Reason" wide>
          <p class="reason">{failureReason}</p>
        </Panel>
      )}
      {session.parentSessionId !== null && (
        <Panel title="Part of" wide>
          {parent === null ? (
            <p class="dim">The session of the job ({session.parentSessionId}) was never listed.</p>
          ) : (
            <SessionsTable caption="Session of the job" sessions={[parent]} without={['computer', 'size']} />
          )}
        </Panel>
      )}
      {children.length > 0 && (
        <Panel title="Computers" note={`${formatCount(children.length)} in this run.`} wide>
          <SessionsTable caption="Sessions of computers" sessions={children} without={['job']} />
        </Panel>
      )}
      {tasks.length > 0 && (
        <Panel title="Tasks" wide>
          <DataTable
            caption="Tasks"
            rows={tasks}
            rowKey={(task) => task.taskId}
            columns={[
              {
                title: 'Machine',
                cell: (task) =>
                  task.computer === null ? (
                    task.taskName
                  ) : (
                    <a href={links.computer(source, task.computer)}>{task.computer}</a>
                  ),
              },
              {
                title: 'Result',
                cell: (task) => [task.state, task.result].filter((word) => word !== null).join(', '),
              },
              { title: 'Started', cell: (task) => <Time at={task.createdAt} as="seconds" /> },
              {
                title: 'Duration',
                isNumber: true,
                cell: (task) => orDash(task.durationSeconds, formatDuration),
              },
              { title: 'Size', isNumber: true, cell: (task) => orDash(task.totalBytes, formatBytes) },
              { title: 'Reason', cell: (task) => <span class="reason">{task.reason ?? ''}</span> },
            ]}
          />
        </Panel>
      )}
    </>
  );
}

const factsOf = (session: Session) =>
  [
    [
      'Outcome',
      <>
        <OutcomeBadge key="outcome" outcome={session.outcome} />
        {session.isRetry && <span class="tone plain">retry</span>}
      </>,
    ],
    [
      'Computer',
      session.computer === null ? null : (
        <a href={links.computer(session.source, session.computer)}>{session.computer}</a>
      ),
    ],
    [
      'Job',
      session.jobId === null ? (
        session.jobName
      ) : (
        <a href={links.job(session.source, session.jobId)}>{session.jobName ?? session.jobId}</a>
      ),
    ],
    ['Server', session.serverName],
    ...labelFacts(session),
    ['Started', <Time key="started" at={session.createdAt} as="seconds" />],
    ['Ended', <Time key="ended" at={session.endedAt} as="seconds" />],
    ['Duration', orDash(session.durationSeconds, formatDuration)],
    ['Size', orDash(session.processedBytes, formatBytes)],
    ['State and result', [session.state, session.result].filter((word) => word !== null).join(', ')],
    ['Progress', orDash(session.progress, (progress) => `${progress} %`)],
    ['Kind', session.jobType ?? session.kind],
    ['First seen', <Time key="first" at={session.firstSeenAt} as="seconds" />],
    ['Arrived after', formatDuration(session.arrivalLagSeconds)],
    ['Last seen', <Time key="last" at={session.lastSeenAt} as="seconds" />],
    ['Id', <code key="id">{session.sessionId}</code>],
  ] as const;
