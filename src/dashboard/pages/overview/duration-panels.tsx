import { useList } from '../../api/use-list.ts';
import { formatBytes, formatDuration, formatRate, orDash } from '../../format/numbers.ts';
import { links } from '../../format/links.ts';
import { daysAgo } from '../../format/time.ts';
import { Answer } from '../../parts/answer.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Time } from '../../parts/time.tsx';
import { useNow } from '../../parts/use-now.ts';
import type { Scope } from '../../parts/scope.ts';

/** What takes long, and what takes longer and longer. */
export function DurationPanels({ scope }: { readonly scope: Scope }) {
  const query = { ...scope, kind: 'computer', createdFrom: daysAgo(6, useNow()), sort: '-durationSeconds' };
  const longest = useList('/api/v1/sessions', { ...query, limit: 8 });
  const growing = useList('/api/v1/reports/duration-growth', { ...scope, limit: 8 });
  return (
    <div class="columns">
      <Panel title="Longest sessions" note="Of the last 7 days.">
        <Answer to={longest}>
          {({ data, page }) => (
            <>
              <DataTable
                caption="Longest sessions"
                rows={data}
                rowKey={(row) => `${row.source} ${row.sessionId}`}
                empty="No session in 7 days."
                columns={[
                  {
                    title: 'Computer',
                    cell: (row) => (
                      <a href={links.session(row.source, row.sessionId)}>{row.computer ?? row.sessionName}</a>
                    ),
                  },
                  { title: 'Started', cell: (row) => <Time at={row.createdAt} as="ago" /> },
                  {
                    title: 'Duration',
                    isNumber: true,
                    cell: (row) => orDash(row.durationSeconds, formatDuration),
                  },
                  { title: 'Size', isNumber: true, cell: (row) => orDash(row.processedBytes, formatBytes) },
                ]}
              />
              {page.nextCursor !== null && (
                <a class="more" href={links.sessions(query)}>
                  All of these days
                </a>
              )}
            </>
          )}
        </Answer>
      </Panel>
      <Panel title="Growing durations" note="Average of the last 7 days beside the 28 before.">
        <Answer to={growing}>
          {({ data }) => (
            <DataTable
              caption="Growing durations"
              rows={data.filter(({ growth }) => growth > 0)}
              rowKey={(row) => `${row.source} ${row.computer}`}
              empty="Nobody takes longer than before."
              columns={[
                {
                  title: 'Computer',
                  cell: (row) => <a href={links.computer(row.source, row.computer)}>{row.computer}</a>,
                },
                { title: 'Before', isNumber: true, cell: (row) => formatDuration(row.earlierAvgSeconds) },
                { title: 'Now', isNumber: true, cell: (row) => formatDuration(row.recentAvgSeconds) },
                { title: 'Growth', isNumber: true, cell: (row) => `+${formatRate(row.growth)}` },
              ]}
            />
          )}
        </Answer>
      </Panel>
    </div>
  );
}
