import type { ComponentChildren } from 'preact';
import { useCount, useList } from '../../api/use-list.ts';
import type { Source } from '../../api/rows.ts';
import { formatCount, formatRate } from '../../format/numbers.ts';
import { links } from '../../format/links.ts';
import { daysAgo } from '../../format/time.ts';
import type { Scope } from '../../parts/scope.ts';
import { useNow } from '../../parts/use-now.ts';

type Tone = 'good' | 'bad' | 'fair' | 'plain';

function Figure(props: {
  readonly name: string;
  readonly value: ComponentChildren;
  readonly href: string;
  readonly tone: Tone;
  readonly note: string;
}) {
  return (
    <li>
      <a href={props.href} class={`figure ${props.tone}`}>
        <span class="name">{props.name}</span>
        <span class="value">{props.value ?? '…'}</span>
        <span class="dim">{props.note}</span>
      </a>
    </li>
  );
}

const shown = (count: number | undefined) => (count === undefined ? '…' : formatCount(count));
const toneOf = (count: number | undefined): Tone =>
  count === undefined ? 'plain' : count === 0 ? 'good' : 'bad';

/** The numbers that one looks at before anything else, each with the list behind it. */
export function Figures({ scope, sources }: { readonly scope: Scope; readonly sources: readonly Source[] }) {
  const now = useNow();
  // To the hour, so that the question stays the same for a while.
  const since = `${new Date(now - 86_400_000).toISOString().slice(0, 13)}:00:00Z`;
  const failed = { ...scope, kind: 'computer', outcome: 'failed', createdFrom: since };
  const running = { ...scope, kind: 'computer', outcome: 'running' };
  const computers = useCount('/api/v1/computers', scope);
  // Who is muted is no reason to get up; the lists behind show them as well.
  const awake = { ...scope, isMuted: false };
  const missed = useCount('/api/v1/computers', { ...awake, missedLastExpected: true });
  const overdue = useCount('/api/v1/reports/overdue', awake);
  const failures = useCount('/api/v1/sessions', failed);
  const underWay = useCount('/api/v1/sessions', running);
  const days = useList('/api/v1/reports/outcomes-by-day', {
    ...scope,
    kind: 'computer',
    dayFrom: daysAgo(29, now),
    limit: 100,
  });
  const sum = days.data?.data.reduce(
    (all, day) => ({ good: all.good + day.success + day.warning, bad: all.bad + day.failed }),
    { good: 0, bad: 0 },
  );
  const decided = sum === undefined ? 0 : sum.good + sum.bad;
  const rate = sum === undefined || decided === 0 ? undefined : sum.good / decided;
  const left = sources.map(({ daysUntilLoss }) => daysUntilLoss).filter((one) => one !== null);
  const least = left.length === 0 ? undefined : Math.min(...left);

  return (
    <ul class="figures">
      <Figure
        name="Computers"
        value={shown(computers)}
        href={links.computers(scope)}
        tone="plain"
        note="ever backed up or discovered"
      />
      <Figure
        name="Missed"
        value={shown(missed)}
        href={links.computers({ ...awake, missedLastExpected: true, sort: '-expectedBy' })}
        tone={missed === undefined ? 'plain' : missed === 0 ? 'good' : 'fair'}
        note="no success by the time it should have come"
      />
      <Figure
        name="Overdue"
        value={shown(overdue)}
        href={links.computers({ ...awake, isOverdue: true, sort: 'lastSuccessAt' })}
        tone={toneOf(overdue)}
        note="no success for twice their usual interval"
      />
      <Figure
        name="Failed"
        value={shown(failures)}
        href={links.sessions(failed)}
        tone={toneOf(failures)}
        note="sessions of computers in 24 hours"
      />
      <Figure
        name="Success rate"
        value={rate === undefined ? '–' : formatRate(rate)}
        href={links.sessions({ ...scope, kind: 'computer', createdFrom: daysAgo(29, now) })}
        tone={rate === undefined ? 'plain' : rate >= 0.95 ? 'good' : rate >= 0.85 ? 'fair' : 'bad'}
        note="of computers' runs in 30 days"
      />
      <Figure
        name="Running"
        value={shown(underWay)}
        href={links.sessions(running)}
        tone="plain"
        note="computers at this moment"
      />
      {sources.length > 0 && (
        <Figure
          name="Days until loss"
          value={least === undefined ? '–' : String(Math.floor(least))}
          href={links.sync({ source: scope.source })}
          tone={least === undefined ? 'plain' : least >= 20 ? 'good' : least >= 7 ? 'fair' : 'bad'}
          note="if no sync succeeds from now on"
        />
      )}
    </ul>
  );
}
