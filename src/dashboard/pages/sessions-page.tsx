import { useList } from '../api/use-list.ts';
import { Answer } from '../parts/answer.tsx';
import { Downloads } from '../parts/downloads.tsx';
import { ChoiceField, DayField, OtherFilters, outcomeChoices, SearchField } from '../parts/filter-bar.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { Pager } from '../parts/pager.tsx';
import { ScopeFields } from '../parts/scope-fields.tsx';
import { scopeNames } from '../parts/scope.ts';
import { SessionsTable } from '../parts/sessions-table.tsx';
import { useFilters } from '../parts/use-filters.ts';
import { kindChoices } from './jobs-page.tsx';

/** Those that no field of the page has, shown as chips. */
const others = [
  'server',
  'job',
  'jobId',
  'computer',
  'result',
  'state',
  'jobType',
  'isRetry',
  'parentId',
  'endedFrom',
  'endedTo',
];
const names = [
  'search',
  ...scopeNames,
  'kind',
  'outcome',
  'createdFrom',
  'createdTo',
  'sort',
  'cursor',
  ...others,
];

export function SessionsPage() {
  const filters = useFilters(names);
  const sort = filters.first('sort');
  const query = { ...filters.values, limit: 100 };
  const asked = useList('/api/v1/sessions', query);
  return (
    <>
      <PageTitle title="Sessions" />
      <div class="filters">
        <SearchField filters={filters} label="Session, job, computer or server" />
        <ScopeFields filters={filters} />
        <ChoiceField
          filters={filters}
          name="kind"
          label="Of"
          all="jobs and computers"
          choices={kindChoices}
        />
        <ChoiceField filters={filters} name="outcome" label="Outcome" all="any" choices={outcomeChoices} />
        <DayField filters={filters} name="createdFrom" label="From day (UTC)" />
        <DayField filters={filters} name="createdTo" label="Before day (UTC)" />
        <OtherFilters filters={filters} names={others} />
        <Downloads path="/api/v1/sessions" query={query} />
      </div>
      <Answer to={asked} lines={12}>
        {({ data, page }) => (
          <>
            <SessionsTable
              caption="Sessions"
              sessions={data}
              sort={sort === '' ? '-createdAt' : sort}
              onSort={(next) => filters.set({ sort: next })}
            />
            <Pager filters={filters} page={page} what="sessions" />
          </>
        )}
      </Answer>
    </>
  );
}
