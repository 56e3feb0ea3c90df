import { useList } from '../api/use-list.ts';
import { formatCount, formatDuration, formatRate, orDash } from '../format/numbers.ts';
import { links } from '../format/links.ts';
import { Answer } from '../parts/answer.tsx';
import { ComputerState } from '../parts/computer-state.tsx';
import { DurationsChart } from '../parts/durations-chart.tsx';
import { labelFacts } from '../parts/label-columns.tsx';
import { Facts } from '../parts/facts.tsx';
import { HeatMap } from '../parts/heat-map.tsx';
import { OutcomeBadge } from '../parts/outcome.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { Panel } from '../parts/panel.tsx';
import { SessionsTable } from '../parts/sessions-table.tsx';
import { Time } from '../parts/time.tsx';
import { useFilters } from '../parts/use-filters.ts';

const names = ['source', 'name'];
const nothing = () => undefined;

export function ComputerPage() {
  const filters = useFilters(names);
  const [source, computer] = [filters.first('source'), filters.first('name')];
  const asked = useList('/api/v1/reports/computer-calendar', { source, computer, limit: 1 });
  const sessions = useList('/api/v1/sessions', { source, computer, kind: 'computer', limit: 200 });
  return (
    <>
      <PageTitle title={computer} above={`Computer · ${source}`} />
      <Answer to={asked} lines={6}>
        {({ data: [row] }) =>
          row === undefined ? (
            <p class="empty">No computer of this name is known.</p>
          ) : (
            <>
              <Facts
                of={[
                  ['Last outcome', <OutcomeBadge key="outcome" outcome={row.lastOutcome} />],
                  [
                    'Last success',
                    <>
                      {row.lastSuccessAt === null ? 'never' : <Time at={row.lastSuccessAt} as="ago" />}
                      <ComputerState computer={row} />
                    </>,
                  ],
                  [
                    row.missedLastExpected ? 'Was expected by' : 'Expected by',
                    <Time key="by" at={row.expectedBy} />,
                  ],
                  ['Usual interval', orDash(row.usualIntervalSeconds, formatDuration)],
                  ['Failures in a row', formatCount(row.consecutiveFailures)],
                  ['Success in 30 days', orDash(row.successRate30d, formatRate)],
                  ['Sessions in 30 days', formatCount(row.sessions30d)],
                  ['Average duration', orDash(row.avgDurationSeconds30d, formatDuration)],
                  ...labelFacts(row),
                ]}
              />
              <Panel title="Days" wide>
                <HeatMap rows={[row]} total={1} onEnd={nothing} />
              </Panel>
            </>
          )
        }
      </Answer>
      <Answer to={sessions} lines={12}>
        {({ data, page }) => (
          <>
            {data.length > 1 && (
              <Panel
                title="Durations and sizes"
                note={`Of the last ${formatCount(data.length)} sessions.`}
                wide
              >
                <DurationsChart sessions={data} />
              </Panel>
            )}
            <Panel title="Sessions" wide>
              <SessionsTable
                caption="Sessions of the computer"
                sessions={data.slice(0, 50)}
                without={['computer']}
                empty="It was never backed up."
              />
              {(data.length > 50 || page.nextCursor !== null) && (
                <a class="more" href={links.sessions({ source, computer, kind: 'computer' })}>
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
