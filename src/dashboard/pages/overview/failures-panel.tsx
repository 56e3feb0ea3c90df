import { useList } from '../../api/use-list.ts';
import { links } from '../../format/links.ts';
import { Answer } from '../../parts/answer.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Time } from '../../parts/time.tsx';
import type { Scope } from '../../parts/scope.ts';

export function FailuresPanel({ scope }: { readonly scope: Scope }) {
  const query = { ...scope, kind: 'computer', outcome: 'failed' };
  const asked = useList('/api/v1/sessions', { ...query, limit: 8 });
  return (
    <Panel title="Latest failures" note="With the reason that Veeam gave.">
      <Answer to={asked}>
        {({ data, page }) => (
          <>
            <DataTable
              caption="Latest failures"
              rows={data}
              rowKey={(row) => `${row.source} ${row.sessionId}`}
              empty="No failure is known."
              columns={[
                {
                  title: 'Computer',
                  cell: (row) => (
                    <a href={links.session(row.source, row.sessionId)}>{row.computer ?? row.sessionName}</a>
                  ),
                },
                { title: 'Started', cell: (row) => <Time at={row.createdAt} as="ago" /> },
                {
                  title: 'Reason',
                  cell: (row) => (
                    <span class="clip" title={row.failureReason ?? ''}>
                      {row.failureReason ?? '–'}
                    </span>
                  ),
                },
              ]}
            />
            {page.nextCursor !== null && (
              <a class="more" href={links.sessions(query)}>
                All failures
              </a>
            )}
          </>
        )}
      </Answer>
    </Panel>
  );
}
