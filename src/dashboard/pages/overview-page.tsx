import { PageTitle } from '../parts/page-title.tsx';
import { SourceField } from '../parts/filter-bar.tsx';
import { useFilters } from '../parts/use-filters.ts';
import { useList } from '../api/use-list.ts';
import { EmptyState } from './overview/empty-state.tsx';
import { CalendarPanel } from './overview/calendar-panel.tsx';
import { DurationPanels } from './overview/duration-panels.tsx';
import { FailuresPanel } from './overview/failures-panel.tsx';
import { Figures } from './overview/figures.tsx';
import { OverduePanel } from './overview/overdue-panel.tsx';
import { SyncPanel } from './overview/sync-panel.tsx';
import { TrendPanel } from './overview/trend-panel.tsx';

const names = ['source', 'search', 'outcome', 'isOverdue', 'sort'];

/** What an administrator asks first, in pictures. */
export function OverviewPage() {
  const filters = useFilters(names);
  const source = filters.first('source');
  const sources = useList('/api/v1/sources', { limit: 1_000 });
  const any = useList('/api/v1/sessions', { limit: 1 });
  const isEmpty = any.data?.data.length === 0 && sources.data !== undefined;
  if (isEmpty) return <EmptyState sources={sources.data.data} />;
  return (
    <>
      <PageTitle title="Overview">
        <SourceField filters={filters} />
      </PageTitle>
      <Figures source={source} sources={sources.data?.data ?? []} />
      <CalendarPanel filters={filters} />
      <div class="columns">
        <OverduePanel source={source} />
        <FailuresPanel source={source} />
      </div>
      <TrendPanel source={source} />
      <DurationPanels source={source} />
      <SyncPanel source={source} />
    </>
  );
}
