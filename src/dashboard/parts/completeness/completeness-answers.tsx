import { useList } from '../../api/use-list.ts';
import type { Source } from '../../api/rows.ts';
import { links } from '../../format/links.ts';
import { Time } from '../time.tsx';
import { useNow } from '../use-now.ts';
import { describeFilling, describeTasks, type Standing } from './describe-standing.ts';
import { judgeSource } from './judge-source.ts';

/** Enough for every gap of every source there is; the page of holes has them all. */
const most = 250;

/** For each source that lacks something: what, whether it is being filled, and what somebody has to do. */
export function CompletenessAnswers({ sources }: { readonly sources: readonly Source[] }) {
  const now = useNow();
  const source = sources.length === 1 ? sources[0]?.source : undefined;
  const gaps = useList('/api/v1/holes', { source, kind: 'gap', limit: most });
  const others = useList('/api/v1/holes', { source, kind: ['unreadable', 'unfetched', 'tasks'], limit: 20 });
  if (gaps.data === undefined || others.data === undefined) return null;
  const known = [...gaps.data.data, ...others.data.data];
  return sources.map((one) => {
    const { tone, missing } = judgeSource(one, now);
    if (tone === 'good') return null;
    const holes = known.filter((hole) => hole.source === one.source);
    return (
      <section key={one.source} class="answers" aria-label={`What is missing at ${one.source}`}>
        {sources.length > 1 && <h3>{one.source}</h3>}
        <Answers source={one} missing={missing ?? ''} standing={{ source: one, holes, now }} />
      </section>
    );
  });
}

function Answers(props: { readonly source: Source; readonly missing: string; readonly standing: Standing }) {
  const { source, missing, standing } = props;
  const filling = describeFilling(standing);
  return (
    <dl>
      <div>
        <dt>Is anything missing?</dt>
        <dd>
          Yes: {source.holes > 0 ? <a href={links.holes({ source: source.source })}>{missing}</a> : missing}.
        </dd>
      </div>
      <div>
        <dt>Is it being filled?</dt>
        <dd>
          {filling.text}
          {filling.at !== undefined && (
            <>
              {' '}
              <Time at={filling.at} as="ago" />.
            </>
          )}
        </dd>
      </div>
      <div class="wide">
        <dt>What is to be done?</dt>
        {describeTasks(standing).map(({ text, command }) => (
          <dd key={text}>
            {text}
            {command !== undefined && (
              <>
                {' '}
                <code>{command}</code>
              </>
            )}
          </dd>
        ))}
      </div>
    </dl>
  );
}
