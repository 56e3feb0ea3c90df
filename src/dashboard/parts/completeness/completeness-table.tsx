import { useList } from '../../api/use-list.ts';
import type { Source } from '../../api/rows.ts';
import { links } from '../../format/links.ts';
import { DataTable } from '../data-table.tsx';
import { Time } from '../time.tsx';
import { useNow } from '../use-now.ts';
import { describeFilling, describeTask, type Standing } from './describe-standing.ts';
import { judgeSource } from './judge-source.ts';

/** Enough for every gap of every source there is; who has more is told so by the list of holes. */
const most = 250;

/** For each source that lacks something: what, whether it is being filled, and what somebody has to do. */
export function CompletenessTable({ sources }: { readonly sources: readonly Source[] }) {
  const now = useNow();
  const source = sources.length === 1 ? sources[0]?.source : undefined;
  const gaps = useList('/api/v1/holes', { source, kind: 'gap', limit: most });
  const others = useList('/api/v1/holes', { source, kind: ['unreadable', 'unfetched', 'tasks'], limit: 20 });
  const rows = sources
    .map((one) => ({ source: one, ...judgeSource(one, now) }))
    .filter(({ tone }) => tone !== 'good');
  if (rows.length === 0 || gaps.data === undefined || others.data === undefined) return null;
  const known = [...gaps.data.data, ...others.data.data];
  const standingOf = (one: Source): Standing => ({
    source: one,
    holes: known.filter((hole) => hole.source === one.source),
    now,
  });
  return (
    <DataTable
      caption="What is missing"
      rows={rows}
      rowKey={(row) => row.source.source}
      columns={[
        { title: 'Enterprise Manager', cell: (row) => row.source.source },
        {
          title: 'Is anything missing?',
          cell: (row) =>
            row.source.holes > 0 ? (
              <a href={links.holes({ source: row.source.source })}>Yes: {row.missing}</a>
            ) : (
              `Yes: ${row.missing ?? ''}`
            ),
        },
        {
          title: 'Is it being filled?',
          cell: (row) => <Filling standing={standingOf(row.source)} />,
        },
        {
          title: 'What is to be done?',
          cell: (row) => (
            <ul class="plain">
              {describeTask(standingOf(row.source)).map(({ text, command }) => (
                <li key={text}>
                  {text}
                  {command !== undefined && (
                    <>
                      {' '}
                      <code>{command}</code>
                    </>
                  )}
                </li>
              ))}
            </ul>
          ),
        },
      ]}
    />
  );
}

function Filling({ standing }: { readonly standing: Standing }) {
  const { text, at } = describeFilling(standing);
  return (
    <>
      {text}
      {at !== undefined && (
        <>
          {' '}
          <Time at={at} as="ago" />
        </>
      )}
    </>
  );
}
