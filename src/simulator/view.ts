import { dayMicros, sessionsOfDay, type SimulatedSession } from './history.ts';
import type { World } from './world.ts';

/** A session as Enterprise Manager shows it at one moment. Times are microseconds since 1970. */
export type ShownSession = {
  readonly session: SimulatedSession;
  readonly state: 'Working' | 'Stopped';
  readonly result: 'None' | 'Success' | 'Warning' | 'Failed';
  readonly endedAt: number | undefined;
  readonly progress: number;
};

export type View = {
  /** Sessions created within so many days before now, in no order. */
  list(days: number): readonly ShownSession[];
  find(id: string): ShownSession | undefined;
  /** End of the last data collection. */
  collectedAt(): number;
};

/** Enterprise Manager asks its backup servers this often. */
const collectionMicros = 15 * 60 * 1_000_000;
/** Its history, 13 weeks by default. */
export const retentionDays = 91;

/** What can be seen of the history, `now` being microseconds since 1970. */
export function openView(world: World, seed: number, now: () => number): View {
  const days = new Map<number, readonly SimulatedSession[]>();

  function ofDay(day: number): readonly SimulatedSession[] {
    let sessions = days.get(day);
    if (sessions === undefined) {
      sessions = sessionsOfDay(world, seed, day);
      days.set(day, sessions);
    }
    return sessions;
  }

  const collectedAt = () => Math.floor(now() / collectionMicros) * collectionMicros;

  function list(daysBack: number): ShownSession[] {
    const at = collectedAt();
    const from = now() - daysBack * dayMicros;
    const shown: ShownSession[] = [];
    for (let day = Math.floor(from / dayMicros); day <= Math.floor(at / dayMicros); day += 1) {
      for (const session of ofDay(day)) {
        if (session.createdAt < from || session.createdAt > at || session.knownAt > at) continue;
        shown.push(show(session, at));
      }
    }
    // The ids are hashes: in their order the times are well mixed, as in the real thing.
    return shown.sort((a, b) => (a.session.id < b.session.id ? -1 : 1));
  }

  // Looked up by id as often as there are sessions; the answer holds until the next collection.
  let index: { readonly at: number; readonly byId: ReadonlyMap<string, ShownSession> } | undefined;
  function find(id: string): ShownSession | undefined {
    const at = collectedAt();
    if (index?.at !== at)
      index = { at, byId: new Map(list(retentionDays).map((shown) => [shown.session.id, shown])) };
    return index.byId.get(id);
  }

  return {
    list,
    find,
    collectedAt,
  };
}

function show(session: SimulatedSession, at: number): ShownSession {
  const isDone = session.endsAt <= at || session.knownAt > session.endsAt;
  if (isDone)
    return { session, state: 'Stopped', result: session.result, endedAt: session.endsAt, progress: 100 };
  const share = (at - session.createdAt) / (session.endsAt - session.createdAt);
  return { session, state: 'Working', result: 'None', endedAt: undefined, progress: Math.floor(share * 100) };
}
