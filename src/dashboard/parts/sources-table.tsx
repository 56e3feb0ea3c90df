import { useList } from '../api/use-list.ts';
import type { Source } from '../api/rows.ts';
import { formatCount } from '../format/numbers.ts';
import { links } from '../format/links.ts';
import { Answer } from './answer.tsx';
import { DataTable } from './data-table.tsx';
import { labelColumns } from './label-columns.tsx';
import { SyncNow } from './sync-now.tsx';
import { Time } from './time.tsx';

const toneOf = (days: number): string => (days >= 20 ? 'good' : days >= 7 ? 'fair' : 'bad');

function DaysLeft({ source: { daysUntilLoss } }: { readonly source: Source }) {
  if (daysUntilLoss === null) return <span class="tone bad">never read</span>;
  return (
    <span class={`tone ${toneOf(daysUntilLoss)}`}>
      {daysUntilLoss < 0 ? 'loss has begun' : `${Math.floor(daysUntilLoss)} days`}
    </span>
  );
}

/** How fresh each Enterprise Manager is, and whether something is missing. */
export function SourcesTable({ source }: { readonly source: readonly string[] | undefined }) {
  const asked = useList('/api/v1/sources', { source, limit: 1_000 });
  return (
    <Answer to={asked}>
      {({ data }) => (
        <DataTable
          caption="Enterprise Managers"
          rows={data}
          rowKey={(row) => row.source}
          empty="No Enterprise Manager is configured."
          columns={[
            {
              title: 'Enterprise Manager',
              cell: (row) => <a href={links.sync({ source: row.source })}>{row.source}</a>,
            },
            { title: 'Last run', cell: (row) => <RunStatus status={row.lastStatus} /> },
            {
              title: 'Last success',
              cell: (row) =>
                row.lastSuccessAt === null ? 'never' : <Time at={row.lastSuccessAt} as="ago" />,
            },
            { title: 'Until loss', cell: (row) => <DaysLeft source={row} /> },
            ...labelColumns(data),
            { title: 'Complete from', cell: (row) => <Time at={row.coveredFrom} /> },
            {
              title: 'Holes',
              isNumber: true,
              cell: (row) => (
                <a class={row.holes > 0 ? 'tone bad' : ''} href={links.holes({ source: row.source })}>
                  {formatCount(row.holes)}
                </a>
              ),
            },
            {
              title: 'Missing',
              isNumber: true,
              cell: (row) => (
                <span class={row.missing > 0 ? 'tone bad' : ''}>{formatCount(row.missing)}</span>
              ),
            },
            {
              title: 'Unfinished',
              isNumber: true,
              cell: (row) => (
                <a href={links.sessions({ source: row.source, outcome: 'running' })}>
                  {formatCount(row.unfinished)}
                </a>
              ),
            },
            {
              title: 'Newest session',
              cell: (row) => <Time at={row.newestSessionAt} as="ago" />,
              isMinor: true,
            },
            { title: 'Collected', cell: (row) => <Time at={row.lastCollectedAt} as="ago" />, isMinor: true },
            { title: 'Sync', cell: (row) => <SyncNow source={row.source} /> },
          ]}
        />
      )}
    </Answer>
  );
}

const runSigns: Readonly<Record<string, string>> = { succeeded: '✓', failed: '✕', running: '↻' };
const runTones: Readonly<Record<string, string>> = {
  succeeded: 'success',
  failed: 'failed',
  running: 'running',
};

export function RunStatus({ status }: { readonly status: string | null }) {
  if (status === null) return <span class="outcome none">never ran</span>;
  return (
    <span class={`outcome ${runTones[status] ?? 'unknown'}`}>
      <span class="sign" aria-hidden="true">
        {runSigns[status] ?? '·'}
      </span>
      {status}
    </span>
  );
}
