import { useList } from '../../api/use-list.ts';
import { formatCount, formatDuration, orDash } from '../../format/numbers.ts';
import { links } from '../../format/links.ts';
import { Answer } from '../../parts/answer.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Time } from '../../parts/time.tsx';
import type { Scope } from '../../parts/scope.ts';

export function OverduePanel({ scope }: { readonly scope: Scope }) {
  const asked = useList('/api/v1/reports/overdue', {
    ...scope,
    sort: 'lastSuccessAt',
    limit: 8,
    count: 'exact',
  });
  return (
    <Panel title="Overdue" note="No success for twice their usual interval; the longest ago first.">
      <Answer to={asked}>
        {({ data, page }) => (
          <>
            <DataTable
              caption="Overdue computers"
              rows={data}
              rowKey={(row) => `${row.source} ${row.computer}`}
              empty="Nobody is overdue."
              columns={[
                {
                  title: 'Computer',
                  cell: (row) => <a href={links.computer(row.source, row.computer)}>{row.computer}</a>,
                },
                {
                  title: 'Last success',
                  cell: (row) => (
                    <>
                      {row.lastSuccessAt === null ? 'never' : <Time at={row.lastSuccessAt} as="ago" />}
                      {row.isMuted && <span class="tone plain">muted</span>}
                    </>
                  ),
                },
                {
                  title: 'Usually every',
                  isNumber: true,
                  cell: (row) => orDash(row.usualIntervalSeconds, formatDuration),
                },
              ]}
            />
            {(page.count ?? 0) > data.length && (
              <a class="more" href={links.computers({ ...scope, isOverdue: true, sort: 'lastSuccessAt' })}>
                All {formatCount(page.count ?? 0)}
              </a>
            )}
          </>
        )}
      </Answer>
    </Panel>
  );
}
