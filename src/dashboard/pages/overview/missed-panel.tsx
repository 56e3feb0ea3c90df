import { useList } from '../../api/use-list.ts';
import { formatCount } from '../../format/numbers.ts';
import { links } from '../../format/links.ts';
import { Answer } from '../../parts/answer.tsx';
import { ComputerState } from '../../parts/computer-state.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { OutcomeBadge } from '../../parts/outcome.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Time } from '../../parts/time.tsx';
import type { Scope } from '../../parts/scope.ts';

/** Whose backup should be there this morning and is not; also the muted ones, told as such. */
export function MissedPanel({ scope }: { readonly scope: Scope }) {
  const query = { ...scope, missedLastExpected: true, sort: '-expectedBy' };
  const asked = useList('/api/v1/computers', { ...query, limit: 8, count: 'exact' });
  return (
    <Panel title="Missed last night" note="No success by the time it should have come; the latest first.">
      <Answer to={asked}>
        {({ data, page }) => (
          <>
            <DataTable
              caption="Computers that missed their last backup"
              rows={data}
              rowKey={(row) => `${row.source} ${row.computer}`}
              empty="Nobody missed the last backup."
              columns={[
                {
                  title: 'Computer',
                  cell: (row) => <a href={links.computer(row.source, row.computer)}>{row.computer}</a>,
                },
                { title: 'Expected by', cell: (row) => <Time at={row.expectedBy} as="ago" /> },
                { title: 'Last outcome', cell: (row) => <OutcomeBadge outcome={row.lastOutcome} /> },
                { title: 'State', cell: (row) => <ComputerState computer={row} /> },
              ]}
            />
            {(page.count ?? 0) > data.length && (
              <a class="more" href={links.computers(query)}>
                All {formatCount(page.count ?? 0)}
              </a>
            )}
          </>
        )}
      </Answer>
    </Panel>
  );
}
