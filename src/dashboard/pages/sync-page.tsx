import { useList } from '../api/use-list.ts';
import { formatBytes, formatCount, formatDuration, orDash } from '../format/numbers.ts';
import { Answer } from '../parts/answer.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Downloads } from '../parts/downloads.tsx';
import { ChoiceField, SourceField } from '../parts/filter-bar.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { RunStatus, SourcesTable } from '../parts/sources-table.tsx';
import { Time } from '../parts/time.tsx';
import { useFilters } from '../parts/use-filters.ts';

const names = ['source', 'status', 'trigger', 'cursor'];
const statusChoices = ['running', 'succeeded', 'failed'].map((one) => [one, one] as const);
const triggerChoices = ['schedule', 'cli', 'api', 'backfill'].map((one) => [one, one] as const);

const took = (from: string, to: string): string =>
  formatDuration((Date.parse(to) - Date.parse(from)) / 1_000);

/** Is every Enterprise Manager read, and is everything there? */
export function SyncPage() {
  const filters = useFilters(names);
  const query = { ...filters.values, limit: 50 };
  const asked = useList('/api/v1/sync-runs', query, { everyMs: 5_000 });
  return (
    <>
      <PageTitle title="Sync" />
      <Panel title="Enterprise Managers" wide>
        <SourcesTable source={filters.first('source')} />
      </Panel>
      <Panel
        title="Runs"
        wide
        actions={
          <>
            <SourceField filters={filters} />
            <ChoiceField filters={filters} name="status" label="Status" all="any" choices={statusChoices} />
            <ChoiceField
              filters={filters}
              name="trigger"
              label="Started by"
              all="anything"
              choices={triggerChoices}
            />
            <Downloads path="/api/v1/sync-runs" query={query} />
          </>
        }
      >
        <Answer to={asked} lines={12}>
          {({ data, page }) => (
            <>
              <DataTable
                caption="Runs of the sync"
                rows={data}
                rowKey={(run) => run.runId}
                empty="No sync has run yet."
                columns={[
                  { title: 'Started', cell: (run) => <Time at={run.startedAt} as="seconds" /> },
                  { title: 'Enterprise Manager', cell: (run) => run.source },
                  { title: 'Status', cell: (run) => <RunStatus status={run.status} /> },
                  { title: 'By', cell: (run) => run.trigger, isMinor: true },
                  {
                    title: 'Took',
                    isNumber: true,
                    cell: (run) => orDash(run.finishedAt, (end) => took(run.startedAt, end)),
                  },
                  { title: 'Listed', isNumber: true, cell: (run) => formatCount(run.listed) },
                  { title: 'New', isNumber: true, cell: (run) => formatCount(run.newSessions) },
                  { title: 'Changed', isNumber: true, cell: (run) => formatCount(run.changed) },
                  {
                    title: 'Missing',
                    isNumber: true,
                    cell: (run) => (
                      <span class={(run.missing ?? 0) > 0 ? 'tone bad' : ''}>
                        {run.missing === null ? '–' : formatCount(run.missing)}
                      </span>
                    ),
                  },
                  {
                    title: 'Requests',
                    isNumber: true,
                    cell: (run) => formatCount(run.requests),
                    isMinor: true,
                  },
                  {
                    title: 'Read',
                    isNumber: true,
                    cell: (run) => formatBytes(run.bytesReceived),
                    isMinor: true,
                  },
                  {
                    title: 'Error',
                    cell: (run) =>
                      run.errorMessage === null ? (
                        ''
                      ) : (
                        <span class="trouble">
                          <b>{run.errorKind}</b>: {run.errorMessage}
                        </span>
                      ),
                  },
                ]}
              />
              <Pager filters={filters} page={page} what="runs" />
            </>
          )}
        </Answer>
      </Panel>
    </>
  );
}
