import type { Hole, Source } from '../../api/rows.ts';
import { formatUtc } from '../../format/time.ts';

export type Standing = {
  readonly source: Pick<
    Source,
    'source' | 'holes' | 'lastRunAt' | 'lastStatus' | 'coveredFrom' | 'daysUntilLoss'
  >;
  /** Of this source, as far as they were asked for. */
  readonly holes: readonly Hole[];
  /** Milliseconds. */
  readonly now: number;
};

export type Task = { readonly text: string; readonly command?: string };

const dayMs = 86_400_000;
/** A run a day is the least that anybody plans. */
const silentMs = 26 * 3_600_000;
/** How long Enterprise Manager keeps sessions unless set otherwise: 13 weeks. */
const keptMs = 91 * dayMs;
/** Tries in vain after which waiting alone no longer helps: those of a day. */
const manyTries = 6;

/** Until when a gap can be filled, as far as Enterprise Manager keeps what it keeps by default. ISO 8601. */
export const fillableUntil = (gap: Pick<Hole, 'fromAt'>): string | null =>
  gap.fromAt === null ? null : new Date(Date.parse(gap.fromAt) + keptMs).toISOString();

const isSilent = ({ source: { lastRunAt }, now }: Standing): boolean =>
  lastRunAt === null || now - Date.parse(lastRunAt) > silentMs;

/** Whether what is missing is on its way; `at`: when it is tried next. */
export function describeFilling(standing: Standing): { readonly text: string; readonly at?: string } {
  const { source, holes, now } = standing;
  if (isSilent(standing)) return { text: 'No: nothing has run for more than a day.' };
  if (source.lastStatus === 'running') return { text: 'A run is under way.' };
  if (source.holes === 0) return { text: 'With the next list that is read whole.' };
  const next = holes.map(({ nextTryAt }) => nextTryAt ?? '').toSorted()[0];
  if (next === undefined || next === '' || Date.parse(next) <= now)
    return { text: 'Yes: tried again after the next poll.' };
  return { text: 'Yes: tried again', at: next };
}

/** What a person has to do, the most urgent first; never nothing to read. */
export function describeTasks(standing: Standing): readonly Task[] {
  const { source, holes, now } = standing;
  const named = /^[\w.-]+$/.test(source.source)
    ? source.source
    : `'${source.source.replaceAll("'", String.raw`'\''`)}'`;
  const gaps = holes.filter(({ kind }) => kind === 'gap');
  const others = holes.filter(({ kind }) => kind !== 'gap');
  const deadline = gaps.map((gap) => fillableUntil(gap) ?? '').toSorted()[0];
  const tasks: Task[] = [];
  if (isSilent(standing))
    tasks.push({
      text: 'See that the service runs. At once:',
      command: `session-history sync --source ${named}`,
    });
  if (source.lastStatus === 'failed')
    tasks.push({
      text: 'The last run failed; its error is below. What to mend says',
      command: 'session-history check',
    });
  if (deadline !== undefined)
    tasks.push({
      text:
        Date.parse(deadline) > now
          ? `Nothing, unless it stays: Enterprise Manager keeps 13 weeks unless set otherwise, and begins to forget this on ${formatUtc(deadline).slice(0, 10)}. At once:`
          : 'Enterprise Manager keeps 13 weeks unless set otherwise, and may have begun to forget this. Do not wait:',
      command: `session-history backfill --source ${named}`,
    });
  if (others.some(({ kind }) => kind === 'unreadable'))
    tasks.push({
      text: 'Unreadable texts are kept, and read again by themselves after an upgrade. Report those that stay.',
    });
  if (others.some(({ kind, attempts }) => kind !== 'unreadable' && attempts >= manyTries))
    tasks.push({
      text: 'What was tried many times in vain may be a matter of rights:',
      command: 'session-history check',
    });
  return tasks.length > 0 ? tasks : [{ text: 'Nothing: wait for the next try.' }];
}
