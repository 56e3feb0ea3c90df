import { useList } from '../api/use-list.ts';
import { formatCount, formatDuration, formatRate, orDash } from '../format/numbers.ts';
import { links } from '../format/links.ts';
import { Answer } from '../parts/answer.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Downloads } from '../parts/downloads.tsx';
import { ComputerState, otherStateNames, StateField, stateNames } from '../parts/computer-state.tsx';
import { ChoiceField, OtherFilters, outcomeChoices, SearchField } from '../parts/filter-bar.tsx';
import { labelColumns } from '../parts/label-columns.tsx';
import { OutcomeBadge } from '../parts/outcome.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { Pager } from '../parts/pager.tsx';
import { ScopeFields } from '../parts/scope-fields.tsx';
import { scopeNames } from '../parts/scope.ts';
import { Time } from '../parts/time.tsx';
import { useFilters } from '../parts/use-filters.ts';

const names = [...scopeNames, 'search', 'computer', 'server', 'outcome', ...stateNames, 'sort', 'cursor'];

export function ComputersPage() {
  const filters = useFilters(names);
  const query = { ...filters.values, limit: 100, count: 'exact' };
  const asked = useList('/api/v1/computers', query);
  return (
    <>
      <PageTitle title="Computers" />
      <div class="filters">
        <SearchField filters={filters} label="Computer" />
        <ScopeFields filters={filters} />
        <ChoiceField
          filters={filters}
          name="outcome"
          label="Last outcome"
          all="any"
          choices={outcomeChoices}
        />
        <StateField filters={filters} />
        <OtherFilters filters={filters} names={['computer', 'server', ...otherStateNames(filters)]} />
        <Downloads path="/api/v1/computers" query={query} />
      </div>
      <Answer to={asked} lines={12}>
        {({ data, page }) => (
          <>
            <DataTable
              caption="Computers"
              rows={data}
              rowKey={(row) => `${row.source} ${row.computer}`}
              sort={filters.first('sort')}
              onSort={(sort) => filters.set({ sort })}
              columns={[
                {
                  title: 'Computer',
                  sort: 'computer',
                  cell: (row) => <a href={links.computer(row.source, row.computer)}>{row.computer}</a>,
                },
                ...labelColumns(data),
                { title: 'Enterprise Manager', sort: 'source', cell: (row) => row.source, isMinor: true },
                { title: 'Last outcome', cell: (row) => <OutcomeBadge outcome={row.lastOutcome} /> },
                {
                  title: 'Last success',
                  sort: 'lastSuccessAt',
                  cell: (row) => (
                    <>
                      {row.lastSuccessAt === null ? 'never' : <Time at={row.lastSuccessAt} as="ago" />}
                      <ComputerState computer={row} />
                    </>
                  ),
                },
                {
                  title: 'Failures in a row',
                  sort: 'consecutiveFailures',
                  isNumber: true,
                  cell: (row) => formatCount(row.consecutiveFailures),
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
                    <a
                      href={links.sessions({ source: row.source, computer: row.computer, kind: 'computer' })}
                    >
                      {formatCount(row.sessions30d)}
                    </a>
                  ),
                },
                {
                  title: 'Failed 30 d',
                  sort: 'failed30d',
                  isNumber: true,
                  cell: (row) => formatCount(row.failed30d),
                  isMinor: true,
                },
                {
                  title: 'Duration',
                  sort: 'avgDurationSeconds30d',
                  isNumber: true,
                  cell: (row) => orDash(row.avgDurationSeconds30d, formatDuration),
                  isMinor: true,
                },
                {
                  title: 'Usually every',
                  isNumber: true,
                  cell: (row) => orDash(row.usualIntervalSeconds, formatDuration),
                  isMinor: true,
                },
              ]}
            />
            <Pager filters={filters} page={page} what="computers" />
          </>
        )}
      </Answer>
    </>
  );
}
