import { useAccess } from '../api/use-access.ts';
import { useList } from '../api/use-list.ts';
import { formatBytes, formatCount, formatDuration, orDash } from '../format/numbers.ts';
import { links } from '../format/links.ts';
import { Answer } from '../parts/answer.tsx';
import { CompletenessLine } from '../parts/completeness/completeness-line.tsx';
import { CompletenessAnswers } from '../parts/completeness/completeness-answers.tsx';
import { CoverageTimeline } from '../parts/completeness/coverage-timeline.tsx';
import { HolesTable } from '../parts/completeness/holes-table.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Downloads } from '../parts/downloads.tsx';
import { ChoiceField, SourceField } from '../parts/filter-bar.tsx';
import { describeLimits, KeyLimits } from '../parts/key-limits.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { RunStatus, SourcesTable } from '../parts/sources-table.tsx';
import { Time } from '../parts/time.tsx';
import { useFilters } from '../parts/use-filters.ts';

const names = ['source', 'status', 'trigger', 'cursor'];
/** Few enough to be looked through; the page of holes has them all. */
const fewHoles = 10;
const statusChoices = ['running', 'succeeded', 'failed'].map((one) => [one, one] as const);
const triggerChoices = ['schedule', 'cli', 'api', 'backfill'].map((one) => [one, one] as const);

const took = (from: string, to: string): string =>
  formatDuration((Date.parse(to) - Date.parse(from)) / 1_000);

/** Is every Enterprise Manager read, and is everything there? */
export function SyncPage() {
  const filters = useFilters(names);
  const query = { ...filters.values, limit: 50 };
  const asked = useList('/api/v1/sync-runs', query, { everyMs: 5_000 });
  const source = filters.values['source'];
  const access = useAccess();
  const sources = useList('/api/v1/sources', { source, limit: 1_000 });
  const known = sources.data?.data;
  if (known?.length === 0 && (access.data?.customers ?? []).length > 0) return <NotForThisKey />;
  return (
    <>
      <PageTitle title="Sync">
        <KeyLimits access={access.data} />
      </PageTitle>
      <Panel
        title="Is everything here?"
        note={
          <>
            A list read whole proves the 30 days before it, a query its own span.{' '}
            <a href={links.completeness()}>What is proved, and what cannot be</a>
          </>
        }
        wide
      >
        {known !== undefined && (
          <>
            <CompletenessLine sources={known} />
            <CompletenessAnswers sources={known} />
          </>
        )}
        <CoverageTimeline source={source} />
      </Panel>
      <HolesPanel source={source} />
      <Panel title="Enterprise Managers" wide>
        <SourcesTable source={source} />
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
                  { title: 'By', cell: (run) => run.trigger, isMinor: true, isShort: true },
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
                    cell: (run) => <Held count={run.missing} />,
                  },
                  {
                    title: 'In part',
                    isNumber: true,
                    cell: (run) => (
                      <Held count={run.unfetched === null ? null : run.unreadable + run.unfetched} />
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
                    isText: true,
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

/** Of what should be nought; null: not known. */
function Held({ count }: { readonly count: number | null }) {
  return <span class={(count ?? 0) > 0 ? 'tone bad' : ''}>{orDash(count, formatCount)}</span>;
}

function HolesPanel({ source }: { readonly source: readonly string[] | undefined }) {
  const asked = useList('/api/v1/holes', { source, limit: fewHoles, count: 'exact' });
  const { data } = asked;
  // Nothing to say twice: the line above has said it.
  if (data?.data.length === 0) return null;
  return (
    <Panel title="Holes" note="What is known not to be stored as it should be; the newest first." wide>
      <Answer to={asked}>
        {({ data: holes, page }) => (
          <>
            <HolesTable holes={holes} empty="" />
            {page.nextCursor !== null && (
              <a class="more" href={links.holes({ source })}>
                All {formatCount(page.count ?? 0)}
              </a>
            )}
          </>
        )}
      </Answer>
    </Panel>
  );
}

/** How an Enterprise Manager stands that several customers share is nobody's of them. */
function NotForThisKey() {
  const access = useAccess();
  return (
    <>
      <PageTitle title="Sync" />
      <p>
        This key shows what is {describeLimits(access.data ?? { sources: [], customers: [] })}. How Enterprise
        Managers are read, and whether something is missing, is told to those who run this service.{' '}
        <a href={links.overview()}>To the overview</a>
      </p>
    </>
  );
}
