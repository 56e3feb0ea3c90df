import type { Hole } from '../../api/rows.ts';
import { formatCount, formatDuration } from '../../format/numbers.ts';
import { links } from '../../format/links.ts';
import { DataTable } from '../data-table.tsx';
import { Time } from '../time.tsx';
import { useNow } from '../use-now.ts';
import { fillableUntil } from './describe-standing.ts';

const kinds: Readonly<Record<Hole['kind'], string>> = {
  gap: 'not read',
  unreadable: 'unreadable',
  unfetched: 'not fetched',
  tasks: 'tasks not read',
};

export const holeKinds = Object.entries(kinds);

/** What is known not to be stored as it should be, one a row. */
export function HolesTable(props: { readonly holes: readonly Hole[]; readonly empty: string }) {
  const now = useNow();
  return (
    <DataTable
      caption="Holes"
      rows={props.holes}
      rowKey={(hole) => `${hole.source} ${hole.holeKey}`}
      empty={props.empty}
      columns={[
        { title: 'What', cell: (hole) => <span class="tone bad">{kinds[hole.kind]}</span> },
        { title: 'Enterprise Manager', cell: (hole) => hole.source, isShort: true, isMinor: true },
        { title: 'Which', cell: (hole) => <Which hole={hole} />, isText: true },
        { title: 'Reason', cell: (hole) => <Reason hole={hole} />, isText: true },
        {
          title: 'Tried',
          cell: (hole) =>
            hole.lastTriedAt === null ? (
              'not yet'
            ) : (
              <>
                {formatCount(hole.attempts)}×, last <Time at={hole.lastTriedAt} as="ago" />
              </>
            ),
        },
        {
          title: 'Next try',
          cell: (hole) =>
            hole.nextTryAt === null || Date.parse(hole.nextTryAt) <= now ? (
              'after the next poll'
            ) : (
              <Time at={hole.nextTryAt} as="ago" />
            ),
        },
        { title: 'Known', cell: (hole) => <Time at={hole.firstSeenAt} as="ago" />, isMinor: true },
      ]}
    />
  );
}

function Which({ hole }: { readonly hole: Hole }) {
  const { kind, source, sessionId, fromAt, toAt } = hole;
  if (fromAt !== null && toAt !== null)
    return (
      <>
        created from <Time at={fromAt} /> to <Time at={toAt} /> (
        {formatDuration((Date.parse(toAt) - Date.parse(fromAt)) / 1_000)})
        <br />
        <span class="dim">
          Enterprise Manager keeps 13 weeks unless set otherwise: from <Time at={fillableUntil(hole)} /> on it
          may forget this.
        </span>
      </>
    );
  if (sessionId === null) return <span class="dim">a record that does not tell its id</span>;
  // What was only referred to is not stored: there is no page of it.
  if (kind === 'unfetched') return <code>{sessionId}</code>;
  return <a href={links.session(source, sessionId)}>{sessionId}</a>;
}

function Reason({ hole }: { readonly hole: Hole }) {
  return (
    <>
      {hole.reason}
      {hole.keptText !== null && (
        <details class="kept">
          <summary>The text that came</summary>
          <pre tabIndex={0}>{hole.keptText}</pre>
        </details>
      )}
    </>
  );
}
