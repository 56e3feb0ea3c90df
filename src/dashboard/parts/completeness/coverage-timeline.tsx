import { useList } from '../../api/use-list.ts';
import type { Span } from '../../api/rows.ts';
import { formatDuration } from '../../format/numbers.ts';
import { formatUtc } from '../../format/time.ts';
import { Answer } from '../answer.tsx';
import { DataTable } from '../data-table.tsx';
import { Time } from '../time.tsx';
import { useNow } from '../use-now.ts';
import { drawTimeline, type Stretch } from './draw-timeline.ts';

const limit = 1_000;
const words: Readonly<Record<Stretch['as'], string>> = {
  list: 'listed, and read whole',
  query: 'asked for by itself, and read whole',
  gap: 'not read',
  open: 'since the last whole list',
};

/** Which creation times are proved complete, a bar for each source on one scale of time. */
export function CoverageTimeline({ source }: { readonly source: readonly string[] | undefined }) {
  const now = useNow();
  const asked = useList('/api/v1/coverage', { source, limit });
  return (
    <Answer to={asked}>
      {({ data, page }) => {
        const drawn = drawTimeline(data, now);
        if (drawn === undefined) return <p class="empty">No list was read whole yet.</p>;
        return (
          <div class="timeline">
            <ul class="bars">
              {drawn.bars.map(({ source: name, stretches, summary }) => (
                <li key={name}>
                  <span class="name">{name}</span>
                  <div class="bar-of-time" role="img" aria-label={`${name}: ${summary}`}>
                    {stretches.map((stretch) => (
                      <span
                        key={stretch.from}
                        class={`stretch ${stretch.as}`}
                        style={{ left: `${stretch.startPercent}%`, width: `${stretch.percent}%` }}
                        title={`${words[stretch.as]}: ${formatUtc(stretch.from)} to ${formatUtc(stretch.to)}`}
                      />
                    ))}
                  </div>
                </li>
              ))}
            </ul>
            <div class="scale" aria-hidden="true">
              {drawn.ticks.map(({ label, percent }) => (
                <span key={label} style={{ left: `${percent}%` }}>
                  {label}
                </span>
              ))}
            </div>
            <ul class="legend" aria-label="Signs of the timeline">
              {(['list', 'query', 'gap', 'open'] as const).map((as) => (
                <li key={as}>
                  <span class={`stretch ${as}`} aria-hidden="true" /> {words[as]}
                </li>
              ))}
            </ul>
            {page.nextCursor !== null && (
              <p class="dim">The newest {limit} spans; choose an Enterprise Manager to see all of its own.</p>
            )}
            <details>
              <summary>As a table</summary>
              <SpansTable spans={data} />
            </details>
          </div>
        );
      }}
    </Answer>
  );
}

function SpansTable({ spans }: { readonly spans: readonly Span[] }) {
  return (
    <DataTable
      caption="Coverage"
      rows={spans}
      rowKey={(span) => `${span.source} ${span.fromAt}`}
      columns={[
        { title: 'Enterprise Manager', cell: (span) => span.source },
        { title: 'Created from', cell: (span) => <Time at={span.fromAt} as="seconds" /> },
        { title: 'To', cell: (span) => <Time at={span.toAt} as="seconds" /> },
        {
          title: 'Length',
          isNumber: true,
          cell: (span) => formatDuration((Date.parse(span.toAt) - Date.parse(span.fromAt)) / 1_000),
        },
        {
          title: 'Read',
          cell: (span) =>
            span.isCovered ? words[span.via ?? 'list'] : <span class="tone bad">{words.gap}</span>,
        },
        { title: 'Last read', cell: (span) => <Time at={span.readAt} as="ago" /> },
      ]}
    />
  );
}
