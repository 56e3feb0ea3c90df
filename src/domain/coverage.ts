import type { Timestamp } from './timestamp.ts';

/** How a span of creation times was read. */
export type Via = 'list' | 'query';

/**
 * A span of creation times, from `from` on, up to and without `to`. A source's timeline is a row of them that touch and
 * never overlap, from the earliest moment that was ever covered to the last list. `via` null: a gap.
 */
export type Span = {
  readonly from: Timestamp;
  readonly to: Timestamp;
  readonly via: Via | null;
  /** When it was last read; null for a gap. */
  readonly readAt: Timestamp | null;
  /** Of a gap: why it is still one after a try, how often it was tried and when, and when the service tries it next. */
  readonly reason: string | null;
  readonly attempts: number;
  readonly firstSeenAt: Timestamp;
  readonly lastTriedAt: Timestamp | null;
  readonly dueAt: Timestamp | null;
};

type Range = Pick<Span, 'from' | 'to'>;

/** The timeline with one more span read whole. What was covered otherwise stays so: both are true, the first tells since when. */
export function cover(
  timeline: readonly Span[],
  read: Range & { readonly via: Via; readonly readAt: Timestamp },
): readonly Span[] {
  if (isEmpty(read)) return timeline;
  const covered: Span = { ...untried(read.readAt), ...read };
  const spans = extend(timeline, read, read.readAt).flatMap((span) => {
    if (!overlaps(span, read)) return [span];
    if (span.via === read.via) return [{ ...span, readAt: laterOf(span.readAt ?? read.readAt, read.readAt) }];
    if (span.via !== null) return [span];
    return replaceWithin(span, read, (part) => ({ ...covered, ...part }));
  });
  return merge(spans);
}

/** The timeline with a note on the gaps within a range: they were tried in vain. */
export function noteVainTry(
  timeline: readonly Span[],
  tried: Range & { readonly reason: string; readonly at: Timestamp; readonly dueAt: Timestamp },
): readonly Span[] {
  if (isEmpty(tried)) return timeline;
  const spans = extend(timeline, tried, tried.at).flatMap((span) => {
    if (span.via !== null || !overlaps(span, tried)) return [span];
    return replaceWithin(span, tried, (part) => ({
      ...span,
      ...part,
      reason: tried.reason,
      attempts: span.attempts + 1,
      lastTriedAt: tried.at,
      dueAt: tried.dueAt,
    }));
  });
  return merge(spans);
}

/** The parts of a timeline that nobody has read, newest first; with `since`, as if it reached back to there. */
export function gapsOf(timeline: readonly Span[], since?: Timestamp): readonly Span[] {
  const last = timeline.at(-1);
  if (last === undefined) return [];
  const reaching =
    since === undefined || since >= last.to
      ? timeline
      : extend(timeline, { from: since, to: last.to }, last.readAt ?? last.firstSeenAt);
  return reaching
    .filter((span) => span.via === null && (since === undefined || span.to > since))
    .map((span) => (since !== undefined && span.from < since ? { ...span, from: since } : span))
    .reverse();
}

/** The timeline made to hold a range: what lies between or beyond becomes a gap. */
function extend(timeline: readonly Span[], range: Range, at: Timestamp): readonly Span[] {
  const first = timeline[0];
  const last = timeline.at(-1);
  const gap = (from: Timestamp, to: Timestamp): Span => ({
    ...untried(at),
    from,
    to,
    via: null,
    readAt: null,
  });
  if (first === undefined || last === undefined) return [gap(range.from, range.to)];
  return [
    ...(range.from < first.from ? [gap(range.from, first.from)] : []),
    ...timeline,
    ...(range.to > last.to ? [gap(last.to, range.to)] : []),
  ];
}

const untried = (at: Timestamp) => ({
  reason: null,
  attempts: 0,
  firstSeenAt: at,
  lastTriedAt: null,
  dueAt: null,
});

const isEmpty = ({ from, to }: Range) => from >= to;
const overlaps = (a: Range, b: Range) => a.from < b.to && b.from < a.to;

/** A span cut at the ends of a range, with the part inside it replaced. */
function replaceWithin(span: Span, range: Range, replace: (part: Range) => Span): readonly Span[] {
  const from = laterOf(span.from, range.from);
  const to = earlierOf(span.to, range.to);
  return [
    ...(span.from < from ? [{ ...span, to: from }] : []),
    replace({ from, to }),
    ...(to < span.to ? [{ ...span, from: to }] : []),
  ];
}

/** Neighbours that say the same become one: a timeline must not grow with every list. */
function merge(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = [];
  for (const span of spans) {
    const before = merged.at(-1);
    if (before === undefined || !areAlike(before, span)) merged.push(span);
    else {
      merged[merged.length - 1] = {
        ...before,
        to: span.to,
        readAt: before.readAt === null ? null : laterOf(before.readAt, span.readAt ?? before.readAt),
        firstSeenAt: earlierOf(before.firstSeenAt, span.firstSeenAt),
      };
    }
  }
  return merged;
}

const areAlike = (a: Span, b: Span) =>
  a.via === b.via &&
  a.attempts === b.attempts &&
  a.reason === b.reason &&
  (a.via !== null || a.dueAt === b.dueAt);

const laterOf = (a: Timestamp, b: Timestamp): Timestamp => (a > b ? a : b);
const earlierOf = (a: Timestamp, b: Timestamp): Timestamp => (a < b ? a : b);
