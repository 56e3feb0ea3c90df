import { dayMicros, sessionsOfDay } from './history.ts';
import { tellHistory, type ChangedSession, type Upheavals } from './upheavals.ts';
import type { World } from './world.ts';

/** A session as Enterprise Manager shows it at one moment. Times are microseconds since 1970. */
export type ShownSession = {
  readonly session: ChangedSession;
  readonly state: string;
  readonly result: string;
  readonly endedAt: number | undefined;
  readonly progress: number;
  readonly hasTasks: boolean;
};

export type View = {
  /** Sessions created within so many days before now, in no order. */
  list(days: number): readonly ShownSession[];
  find(id: string): ShownSession | undefined;
  /** End of the last data collection. */
  collectedAt(): number;
  readonly upheavals: Upheavals;
};

/** Enterprise Manager asks its backup servers this often. */
const collectionMicros = 15 * 60 * 1_000_000;

/** What can be seen of the history, `now` being microseconds since 1970. */
export function openView(world: World, seed: number, now: () => number, retentionDays: number): View {
  const days = new Map<number, { readonly version: number; readonly sessions: readonly ChangedSession[] }>();
  const history = tellHistory((day) => sessionsOfDay(world, seed, day));

  function ofDay(day: number): readonly ChangedSession[] {
    const kept = days.get(day);
    if (kept?.version === history.version()) return kept.sessions;
    const sessions = history.ofDay(day);
    days.set(day, { version: history.version(), sessions });
    return sessions;
  }

  const collectedAt = () => Math.floor(now() / collectionMicros) * collectionMicros;

  // Asked for again and again; the answer holds until something happens.
  let kept:
    | {
        readonly at: string;
        readonly from: number;
        readonly shown: readonly ShownSession[];
        readonly byId: ReadonlyMap<string, ShownSession>;
      }
    | undefined;

  /** All that was created since `from`, or somewhat before. */
  function since(from: number) {
    const at = `${collectedAt()}/${history.version()}`;
    if (kept?.at !== at || kept.from > from) {
      const shown = showSince(from);
      kept = { at, from, shown, byId: new Map(shown.map((one) => [one.session.id, one])) };
    }
    return kept;
  }

  function showSince(from: number): ShownSession[] {
    const at = collectedAt();
    const shown: ShownSession[] = [];
    for (let day = Math.floor(from / dayMicros); day <= Math.floor(at / dayMicros); day += 1) {
      for (const session of ofDay(day)) {
        if (session.createdAt < from || session.createdAt > at || session.knownAt > at) continue;
        if (!history.isHidden(session)) shown.push(show(session, at));
      }
    }
    // The ids are hashes: in their order the times are well mixed, as in the real thing.
    return shown.sort((a, b) => (a.session.id < b.session.id ? -1 : 1));
  }

  function list(daysBack: number): ShownSession[] {
    const from = now() - daysBack * dayMicros;
    const { shown } = since(Math.min(from, now() - retentionDays * dayMicros));
    return shown.filter(({ session }) => session.createdAt >= from);
  }

  const find = (id: string) => since(now() - retentionDays * dayMicros).byId.get(id);

  return { list, find, collectedAt, upheavals: history };
}

function show(session: ChangedSession, at: number): ShownSession {
  const isDone = session.endsAt <= at || session.knownAt > session.endsAt;
  const share = (at - session.createdAt) / (session.endsAt - session.createdAt);
  return {
    session,
    state: session.shownState ?? (isDone ? 'Stopped' : 'Working'),
    result: session.shownResult ?? (isDone ? session.result : 'None'),
    endedAt: isDone ? session.endsAt : undefined,
    progress: isDone ? 100 : Math.floor(share * 100),
    hasTasks: session.computer !== undefined && at >= (session.tasksFrom ?? 0),
  };
}
