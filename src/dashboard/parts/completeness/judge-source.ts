import type { Source } from '../../api/rows.ts';
import { formatCount, formatDuration } from '../../format/numbers.ts';

export type Tone = 'good' | 'fair' | 'bad';

/** What is known of a source's completeness, in words that need no manual. */
export type Judgement = {
  readonly tone: Tone;
  /** What is missing; null: nothing that is known of. */
  readonly missing: string | null;
};

export type Judged = Pick<
  Source,
  'coveredFrom' | 'coveredTo' | 'uncoveredSeconds' | 'holes' | 'missing' | 'daysUntilLoss'
>;

const hourMs = 3_600_000;
/** A day and a little, for those who read once a day. */
const staleMs = 26 * hourMs;

/** Whether everything is there that a source ever listed. `now` in milliseconds. */
export function judgeSource(source: Judged, now: number): Judgement {
  const { coveredFrom, coveredTo, uncoveredSeconds, holes, missing, daysUntilLoss } = source;
  if (coveredFrom === null || coveredTo === null)
    return { tone: 'bad', missing: 'everything, as no list was read whole yet' };
  const unread = uncoveredSeconds ?? 0;
  const among = unread > 0 ? `, among them ${formatDuration(unread)} that nothing has read` : '';
  // What is missing is nearly always a hole as well; a listed session that is none is worse.
  const known =
    holes > 0
      ? countOf(holes, 'hole') + among
      : missing > 0
        ? `${countOf(missing, 'listed session')} not stored`
        : null;
  if (daysUntilLoss !== null && daysUntilLoss < 0)
    return {
      tone: 'bad',
      missing: `${known === null ? '' : `${known}, and `}what was created after the last whole list and has left Enterprise Manager's by now`,
    };
  if (known !== null) return { tone: 'bad', missing: known };
  const age = now - Date.parse(coveredTo);
  if (age > staleMs)
    return {
      tone: daysUntilLoss !== null && daysUntilLoss < 7 ? 'bad' : 'fair',
      missing: `the last ${formatDuration(age / 1_000)}, which nothing has read yet`,
    };
  return { tone: 'good', missing: null };
}

const countOf = (count: number, what: string): string =>
  `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;

/** From when to when all of the sources are read whole, as far as each is; undefined: one of them is not at all. */
export function commonSpan(
  sources: readonly Pick<Source, 'coveredFrom' | 'coveredTo'>[],
): { readonly from: string; readonly to: string } | undefined {
  const froms = sources.map(({ coveredFrom }) => coveredFrom ?? '');
  const tos = sources.map(({ coveredTo }) => coveredTo ?? '');
  const from = froms.toSorted().at(-1);
  const to = tos.toSorted()[0];
  // Times of one form are in the order of their letters; one that is not there comes first.
  return from === undefined || to === undefined || froms.includes('') || to === '' ? undefined : { from, to };
}
