import { formatAgo, formatLocal, formatUtc } from '../format/time.ts';
import { useNow } from './use-now.ts';

/** A time where the reader is, with UTC on hover; `ago`: how long it is since then. */
export function Time(props: {
  readonly at: string | null | undefined;
  readonly as?: 'local' | 'ago' | 'seconds';
}) {
  const now = useNow();
  const { at, as = 'local' } = props;
  if (at === null || at === undefined) return <span class="dim">–</span>;
  const title = as === 'ago' ? `${formatLocal(at)} · ${formatUtc(at)}` : formatUtc(at);
  return (
    <time dateTime={at} title={title}>
      {as === 'ago' ? formatAgo(at, now) : formatLocal(at, as === 'seconds')}
    </time>
  );
}
