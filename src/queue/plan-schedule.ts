/** A job scheduler as the queue has it. Times are milliseconds since 1970. */
export type Scheduled = { readonly id: string; readonly everyMs: number; readonly nextAt: number };
export type Wanted = { readonly id: string; readonly everyMs: number };

/** One whose next tick is overdue by this and an interval has lost its thread: its tick was never made, or was lost. */
const graceMs = 60_000;

/**
 * What to do so that the queue ticks for exactly the wanted sources at their interval. What is right already is left alone, so
 * that restarts and many processes neither hasten nor delay a tick; `replace` ones are removed before they are made anew.
 */
export function planSchedule(
  present: readonly Scheduled[],
  wanted: readonly Wanted[],
  now: number,
): {
  readonly add: readonly Wanted[];
  readonly replace: readonly Wanted[];
  readonly remove: readonly string[];
} {
  const byId = new Map(present.map((scheduled) => [scheduled.id, scheduled]));
  const ids = new Set(wanted.map((one) => one.id));
  return {
    add: wanted.filter((one) => !byId.has(one.id)),
    replace: wanted.filter((one) => {
      const scheduled = byId.get(one.id);
      return scheduled !== undefined && (scheduled.everyMs !== one.everyMs || isAdrift(scheduled, now));
    }),
    remove: present.filter((scheduled) => !ids.has(scheduled.id)).map((scheduled) => scheduled.id),
  };
}

/** Ticks lie in the past when nobody made the next one, and too far ahead when a clock was set back. */
function isAdrift({ everyMs, nextAt }: Scheduled, now: number): boolean {
  return nextAt < now - everyMs - graceMs || nextAt > now + 2 * everyMs + graceMs;
}
