import type { ComponentChildren } from 'preact';
import type { Source } from '../../api/rows.ts';
import { formatCount } from '../../format/numbers.ts';
import { links } from '../../format/links.ts';
import { Time } from '../time.tsx';
import { useNow } from '../use-now.ts';
import { commonSpan, judgeSource, type Tone } from './judge-source.ts';

const signs: Readonly<Record<Tone, string>> = { good: '✓', fair: '!', bad: '✕' };

/** One line, with a sign beside its colour. */
export function Verdict({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return (
    <p class={`verdict ${tone}`}>
      <span class="sign" aria-hidden="true">
        {signs[tone]}
      </span>
      <span>{children}</span>
    </p>
  );
}

/** Is everything here? What is missing is named, with the way to it. */
export function CompletenessLine(props: {
  readonly sources: readonly Source[];
  readonly more?: ComponentChildren;
}) {
  const { sources, more } = props;
  const now = useNow();
  const span = commonSpan(sources);
  const troubled = sources
    .map((source) => ({ source, ...judgeSource(source, now) }))
    .filter(({ tone }) => tone !== 'good');
  const [first] = troubled;
  if (sources.length === 0) return null;
  if (first === undefined)
    return (
      <Verdict tone="good">
        <b>Complete</b> from <Time at={span?.from} /> to <Time at={span?.to} as="ago" />
        {sources.length > 1 && ` at all ${formatCount(sources.length)} Enterprise Managers`}. {more}
      </Verdict>
    );
  const tone = troubled.some((one) => one.tone === 'bad') ? 'bad' : 'fair';
  return (
    <Verdict tone={tone}>
      <b>{tone === 'bad' ? 'Not complete' : 'Not up to date'}</b>
      {sources.length > 1 &&
        ` at ${formatCount(troubled.length)} of ${formatCount(sources.length)} Enterprise Managers; ${first.source.source}`}
      : {first.missing}
      {troubled.length > 1 && ', and more'}. {more}
    </Verdict>
  );
}

/** Where the overview sends those who want to know more. */
export const CompletenessLink = ({ source }: { readonly source: readonly string[] | undefined }) => (
  <a href={links.sync({ source })}>What is proved, what is missing, and what to do</a>
);
