import type { Session } from '../api/rows.ts';
import { formatBytes, formatDuration, orDash } from '../format/numbers.ts';
import { links } from '../format/links.ts';
import { DataTable, type TableColumn } from './data-table.tsx';
import { labelColumns } from './label-columns.tsx';
import { OutcomeBadge } from './outcome.tsx';
import { Time } from './time.tsx';

const columns = {
  started: {
    title: 'Started',
    sort: 'createdAt',
    cell: (row) => (
      <a href={links.session(row.source, row.sessionId)}>
        <Time at={row.createdAt} />
      </a>
    ),
  },
  outcome: {
    title: 'Outcome',
    cell: (row) => (
      <>
        <OutcomeBadge outcome={row.outcome} />
        {row.isRetry && <span class="tone plain">retry</span>}
      </>
    ),
  },
  computer: {
    title: 'Computer',
    cell: (row) =>
      row.computer === null ? (
        <span class="dim">whole job</span>
      ) : (
        <a href={links.computer(row.source, row.computer)}>{row.computer}</a>
      ),
  },
  job: {
    title: 'Job',
    cell: (row) =>
      row.jobId === null ? (
        (row.jobName ?? '–')
      ) : (
        <a href={links.job(row.source, row.jobId)}>{row.jobName ?? row.jobId}</a>
      ),
    isMinor: true,
  },
  duration: {
    title: 'Duration',
    sort: 'durationSeconds',
    isNumber: true,
    cell: (row) => orDash(row.durationSeconds, formatDuration),
  },
  size: {
    title: 'Size',
    sort: 'processedBytes',
    isNumber: true,
    cell: (row) => orDash(row.processedBytes, formatBytes),
  },
  reason: {
    title: 'Reason',
    cell: (row) => (
      <span class="clip" title={row.failureReason ?? ''}>
        {row.failureReason ?? ''}
      </span>
    ),
  },
} as const satisfies Readonly<Record<string, TableColumn<Session>>>;

export function SessionsTable(props: {
  readonly caption: string;
  readonly sessions: readonly Session[];
  readonly without?: readonly (keyof typeof columns)[];
  readonly sort?: string;
  readonly onSort?: (sort: string) => void;
  readonly empty?: string;
}) {
  const { caption, sessions, without = [], sort, onSort, empty } = props;
  return (
    <DataTable<Session>
      caption={caption}
      rows={sessions}
      rowKey={(row) => `${row.source} ${row.sessionId}`}
      columns={Object.entries(columns).flatMap(([name, column]): readonly TableColumn<Session>[] => [
        ...(without.some((one) => one === name) ? [] : [column]),
        ...(name === 'job' ? labelColumns(sessions) : []),
      ])}
      sort={sort}
      {...(onSort !== undefined && { onSort })}
      {...(empty !== undefined && { empty })}
    />
  );
}
