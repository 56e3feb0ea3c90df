import { useList } from '../api/use-list.ts';
import { links } from '../format/links.ts';
import { Answer } from '../parts/answer.tsx';
import { holeKinds, HolesTable } from '../parts/completeness/holes-table.tsx';
import { Downloads } from '../parts/downloads.tsx';
import { ChoiceField, SourceField } from '../parts/filter-bar.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { Pager } from '../parts/pager.tsx';
import { useFilters } from '../parts/use-filters.ts';

const names = ['source', 'kind', 'cursor'];

/** Everything that is known not to be stored as it should be. */
export function HolesPage() {
  const filters = useFilters(names);
  const query = { ...filters.values, limit: 50, count: 'exact' };
  const asked = useList('/api/v1/holes', query);
  return (
    <>
      <PageTitle title="Holes">
        <a href={links.completeness()}>What holes are, and when they go</a>
      </PageTitle>
      <div class="filters">
        <SourceField filters={filters} />
        <ChoiceField filters={filters} name="kind" label="What" all="all" choices={holeKinds} />
        <Downloads path="/api/v1/holes" query={query} />
      </div>
      <Answer to={asked} lines={6}>
        {({ data, page }) => (
          <>
            <HolesTable holes={data} empty="There is no such hole." />
            <Pager filters={filters} page={page} what="holes" />
          </>
        )}
      </Answer>
    </>
  );
}
