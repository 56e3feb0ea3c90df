import { useList } from '../api/use-list.ts';
import { formatCount, formatRate, orDash } from '../format/numbers.ts';
import { links } from '../format/links.ts';
import { Answer } from '../parts/answer.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Downloads } from '../parts/downloads.tsx';
import { ChoiceField, OtherFilters, outcomeChoices, SearchField } from '../parts/filter-bar.tsx';
import { labelColumns } from '../parts/label-columns.tsx';
import { OutcomeBadge } from '../parts/outcome.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { Pager } from '../parts/pager.tsx';
import { ScopeFields } from '../parts/scope-fields.tsx';
import { scopeNames } from '../parts/scope.ts';
import { Time } from '../parts/time.tsx';
import { useFilters } from '../parts/use-filters.ts';

const names = [...scopeNames, 'search', 'server', 'job', 'jobId', 'kind', 'outcome', 'sort', 'cursor'];

export const kindChoices = [
  ['job', 'jobs'],
  ['computer', 'computers'],
  ['other', 'others'],
] as const;

export function JobsPage() {
  const filters = useFilters(names);
  const query = { ...filters.values, limit: 100, count: 'exact' };
  const asked = useList('/api/v1/jobs', query);
  return (
    <>
      <PageTitle title="Jobs" />
      <div class="filters">
        <SearchField filters={filters} label="Job" />
        <ScopeFields filters={filters} />
        <ChoiceField filters={filters} name="kind" label="Of" all="all" choices={kindChoices} />
        <ChoiceField
          filters={filters}
          name="outcome"
          label="Last outcome"
          all="any"
          choices={outcomeChoices}
        />
        <OtherFilters filters={filters} names={['server', 'job', 'jobId']} />
        <Downloads path="/api/v1/jobs" query={query} />
      </div>
      <Answer to={asked} lines={12}>
        {({ data, page }) => (
          <>
            <DataTable
              caption="Jobs"
              rows={data}
              rowKey={(row) => `${row.source} ${row.jobId}`}
              sort={filters.first('sort')}
              onSort={(sort) => filters.set({ sort })}
              columns={[
                {
                  title: 'Job',
                  sort: 'jobName',
                  cell: (row) => <a href={links.job(row.source, row.jobId)}>{row.jobName}</a>,
                },
                {
                  title: 'Of',
                  cell: (row) =>
                    row.kind === 'job' ? 'job' : row.kind === 'computer' ? 'computer' : 'other',
                  isMinor: true,
                },
                ...labelColumns(data),
                { title: 'Server', cell: (row) => row.serverName ?? '–', isMinor: true },
                { title: 'Enterprise Manager', sort: 'source', cell: (row) => row.source, isMinor: true },
                { title: 'Last outcome', cell: (row) => <OutcomeBadge outcome={row.lastOutcome} /> },
                {
                  title: 'Last session',
                  sort: 'lastSessionAt',
                  cell: (row) => <Time at={row.lastSessionAt} as="ago" />,
                },
                {
                  title: 'Last success',
                  sort: 'lastSuccessAt',
                  cell: (row) => <Time at={row.lastSuccessAt} as="ago" />,
                },
                {
                  title: 'Success 30 d',
                  sort: 'successRate30d',
                  isNumber: true,
                  cell: (row) => orDash(row.successRate30d, formatRate),
                },
                {
                  title: 'Sessions 30 d',
                  sort: 'sessions30d',
                  isNumber: true,
                  cell: (row) => (
                    <a href={links.sessions({ source: row.source, jobId: row.jobId })}>
                      {formatCount(row.sessions30d)}
                    </a>
                  ),
                },
              ]}
            />
            <Pager filters={filters} page={page} what="jobs" />
          </>
        )}
      </Answer>
    </>
  );
}
