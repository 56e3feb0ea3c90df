import { keepPreviousData, useInfiniteQuery } from '@tanstack/preact-query';
import { useCallback, useMemo } from 'preact/hooks';
import { readList } from '../../api/ask.ts';
import { Answer } from '../../parts/answer.tsx';
import { otherStateNames, StateField } from '../../parts/computer-state.tsx';
import { ChoiceField, OtherFilters, outcomeChoices, SearchField } from '../../parts/filter-bar.tsx';
import { HeatMap } from '../../parts/heat-map.tsx';
import { Panel } from '../../parts/panel.tsx';
import type { Filters } from '../../parts/use-filters.ts';

const path = '/api/v1/reports/computer-calendar';
const usualSort = '-consecutiveFailures';

/** Computers by days: the whole fleet at a glance, page after page as one scrolls. */
export function CalendarPanel({ filters }: { readonly filters: Filters }) {
  const query = { ...filters.values, sort: filters.first('sort') || usualSort, limit: 200 };
  const asked = useInfiniteQuery({
    queryKey: [path, query],
    queryFn: ({ pageParam, signal }) =>
      readList(path, { ...query, cursor: pageParam, count: pageParam === '' ? 'exact' : 'none' }, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.page.nextCursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
  const { data, fetchNextPage } = asked;
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data) ?? [], [data]);
  const onEnd = useCallback(() => {
    void fetchNextPage({ cancelRefetch: false });
  }, [fetchNextPage]);
  return (
    <Panel
      title="Computers by day"
      wide
      actions={
        <>
          <SearchField filters={filters} label="Computer" />
          <ChoiceField
            filters={filters}
            name="outcome"
            label="Last outcome"
            all="any"
            choices={outcomeChoices}
          />
          <StateField filters={filters} />
          <OtherFilters filters={filters} names={otherStateNames(filters)} />
          <ChoiceField
            filters={filters}
            name="sort"
            label="Order"
            all="failures in a row"
            choices={[
              ['computer', 'name'],
              ['lastSuccessAt', 'oldest success'],
              ['successRate30d', 'lowest success rate'],
            ]}
          />
        </>
      }
    >
      <Answer to={asked} lines={8}>
        {({ pages }) =>
          rows.length === 0 ? (
            <p class="empty">No computer matches.</p>
          ) : (
            <HeatMap rows={rows} total={pages[0]?.page.count ?? rows.length} onEnd={onEnd} />
          )
        }
      </Answer>
    </Panel>
  );
}
