import { dayMicros, type SimulatedSession } from './history.ts';

/** What may become of a session after the history had it otherwise. */
export type Change = Partial<Omit<SimulatedSession, 'id' | 'createdAt'>> & {
  /** Words that EM shows in place of those that follow from the times. */
  readonly shownState?: string;
  readonly shownResult?: string;
  /** Its tasks show from this moment on (microseconds). */
  readonly tasksFrom?: number;
};

export type ChangedSession = SimulatedSession & Omit<Change, keyof SimulatedSession>;

/** What happens to a history that nobody planned. All of it takes effect at once. */
export type Upheavals = {
  /** Sessions that the world does not make by itself. */
  add(...sessions: readonly SimulatedSession[]): void;
  /** Several changes of one session add up. */
  change(id: string, change: Change): void;
  /** Such sessions are shown in no answer. Returns what brings them back. */
  hide(which: (session: SimulatedSession) => boolean): () => void;
  /** Another name for a job, a server or (by the id of its job) a computer, in sessions created from `since` on. */
  rename(id: string, name: string, since?: number): void;
};

export type ToldHistory = Upheavals & {
  /** The sessions created on a day, as they are told now. */
  ofDay(day: number): readonly ChangedSession[];
  isHidden(session: SimulatedSession): boolean;
  /** Another number after each upheaval. */
  version(): number;
};

type Rename = { readonly name: string; readonly since: number };

/** A planned history, with what happens to it on top. */
export function tellHistory(planned: (day: number) => readonly SimulatedSession[]): ToldHistory {
  const added = new Map<number, SimulatedSession[]>();
  const changes = new Map<string, Change>();
  const hidden = new Set<(session: SimulatedSession) => boolean>();
  const renames = new Map<string, Rename[]>();
  let version = 0;

  function named<T extends { readonly name: string }>(id: string, one: T, createdAt: number): T {
    const rename = renames.get(id)?.findLast(({ since }) => createdAt >= since);
    return rename === undefined ? one : { ...one, name: rename.name };
  }

  function told(session: SimulatedSession): ChangedSession {
    const changed = { ...session, ...changes.get(session.id) };
    if (renames.size === 0) return changed;
    const { createdAt, computer } = changed;
    const job = named(changed.job.id, changed.job, createdAt);
    return {
      ...changed,
      job: { ...job, server: named(job.server.id, job.server, createdAt) },
      computer: computer === undefined ? undefined : named(computer.jobId, computer, createdAt),
    };
  }

  return {
    add: (...sessions) => {
      version += 1;
      for (const session of sessions) {
        const day = Math.floor(session.createdAt / dayMicros);
        added.set(day, [...(added.get(day) ?? []), session]);
      }
    },
    change: (id, change) => {
      version += 1;
      changes.set(id, { ...changes.get(id), ...change });
    },
    hide: (which) => {
      version += 1;
      hidden.add(which);
      return () => {
        version += 1;
        hidden.delete(which);
      };
    },
    rename: (id, name, since = Number.NEGATIVE_INFINITY) => {
      version += 1;
      renames.set(id, [...(renames.get(id) ?? []), { name, since }]);
    },
    ofDay: (day) => [...planned(day), ...(added.get(day) ?? [])].map(told),
    isHidden: (session) => [...hidden].some((which) => which(session)),
    version: () => version,
  };
}
