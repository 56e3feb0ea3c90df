import { useList } from '../api/use-list.ts';
import { formatCount, formatRate, orDash } from '../format/numbers.ts';
import { links } from '../format/links.ts';
import { Answer } from '../parts/answer.tsx';
import { DurationsChart } from '../parts/durations-chart.tsx';
import { Facts } from '../parts/facts.tsx';
import { labelFacts } from '../parts/label-columns.tsx';
import { OutcomeBadge } from '../parts/outcome.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { Panel } from '../parts/panel.tsx';
import { SessionsTable } from '../parts/sessions-table.tsx';
import { Time } from '../parts/time.tsx';
import { useFilters } from '../parts/use-filters.ts';

const names = ['source', 'id'];

export function JobPage() {
  const filters = useFilters(names);
  const [source, jobId] = [filters.first('source'), filters.first('id')];
  const asked = useList('/api/v1/jobs', { source, jobId, limit: 1 });
  const sessions = useList('/api/v1/sessions', { source, jobId, limit: 200 });
  const job = asked.data?.data[0];
  const last = sessions.data?.data[0];
  const children = useList('/api/v1/sessions', { source, parentId: last?.sessionId ?? jobId, limit: 1_000 });
  return (
    <>
      <PageTitle title={job?.jobName ?? last?.jobName ?? 'Job'} above={`Job · ${source}`} />
      <Answer to={asked} lines={4}>
        {() =>
          job === undefined ? (
            <p class="empty">No job of this id is known.</p>
          ) : (
            <Facts
              of={[
                ['Last outcome', <OutcomeBadge key="outcome" outcome={job.lastOutcome} />],
                ['Last success', <Time key="success" at={job.lastSuccessAt} as="ago" />],
                ['Success in 30 days', orDash(job.successRate30d, formatRate)],
                ['Sessions in 30 days', formatCount(job.sessions30d)],
                ['Server', job.serverName],
                ...labelFacts(job),
                ['Platform', job.platform],
                ['Schedule', job.scheduleEnabled === null ? null : job.scheduleEnabled ? 'on' : 'off'],
                ['Next run', <Time key="next" at={job.nextRunAt} />],
                ['First seen', <Time key="first" at={job.firstSeenAt} />],
                ['Description', job.description],
              ]}
            />
          )
        }
      </Answer>
      {children.data !== undefined && children.data.data.length > 0 && (
        <Panel title="Computers of the last run" wide>
          <SessionsTable
            caption="Computers of the last run"
            sessions={children.data.data}
            without={['job']}
          />
        </Panel>
      )}
      <Answer to={sessions} lines={12}>
        {({ data, page }) => (
          <>
            {data.length > 1 && (
              <Panel title="Durations" note={`Of the last ${formatCount(data.length)} sessions.`} wide>
                <DurationsChart sessions={data} />
              </Panel>
            )}
            <Panel title="Sessions" wide>
              <SessionsTable
                caption="Sessions of the job"
                sessions={data.slice(0, 50)}
                without={['job']}
                empty="It never ran."
              />
              {(data.length > 50 || page.nextCursor !== null) && (
                <a class="more" href={links.sessions({ source, jobId })}>
                  All sessions
                </a>
              )}
            </Panel>
          </>
        )}
      </Answer>
    </>
  );
}
