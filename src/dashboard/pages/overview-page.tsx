import { useAccess } from '../api/use-access.ts';
import { useList } from '../api/use-list.ts';
import { CompletenessLine, CompletenessLink } from '../parts/completeness/completeness-line.tsx';
import { KeyLimits } from '../parts/key-limits.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { ScopeFields } from '../parts/scope-fields.tsx';
import { scopeNames, scopeOf } from '../parts/scope.ts';
import { useFilters } from '../parts/use-filters.ts';
import { stateNames } from '../parts/computer-state.tsx';
import { EmptyState } from './overview/empty-state.tsx';
import { CalendarPanel } from './overview/calendar-panel.tsx';
import { DurationPanels } from './overview/duration-panels.tsx';
import { FailuresPanel } from './overview/failures-panel.tsx';
import { Figures } from './overview/figures.tsx';
import { MissedPanel } from './overview/missed-panel.tsx';
import { OverduePanel } from './overview/overdue-panel.tsx';
import { SyncPanel } from './overview/sync-panel.tsx';
import { TrendPanel } from './overview/trend-panel.tsx';

const names = [...scopeNames, 'search', 'outcome', ...stateNames, 'sort'];

/** What an administrator asks first, in pictures. */
export function OverviewPage() {
  const filters = useFilters(names);
  const scope = scopeOf(filters);
  const access = useAccess();
  const sources = useList('/api/v1/sources', { source: scope.source, limit: 1_000 });
  const any = useList('/api/v1/sessions', { limit: 1 });
  const shown = sources.data?.data ?? [];
  const isEmpty = any.data?.data.length === 0 && sources.data !== undefined && access.data !== undefined;
  if (isEmpty) return <EmptyState sources={shown} access={access.data} />;
  return (
    <>
      <PageTitle title="Overview">
        <KeyLimits access={access.data} />
        <div class="filters">
          <ScopeFields filters={filters} />
        </div>
      </PageTitle>
      <CompletenessLine sources={shown} more={<CompletenessLink source={scope.source} />} />
      <Figures scope={scope} sources={shown} />
      <CalendarPanel filters={filters} />
      <div class="columns">
        <MissedPanel scope={scope} />
        <OverduePanel scope={scope} />
      </div>
      <FailuresPanel scope={scope} />
      <TrendPanel scope={scope} />
      <DurationPanels scope={scope} />
      {/* A key of a customer is not told how Enterprise Managers stand that it shares with others. */}
      {shown.length > 0 && <SyncPanel source={scope.source} />}
    </>
  );
}
