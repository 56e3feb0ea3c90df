import type { ShownSession } from './view.ts';

/** What clients were shown of a session, in entities: its values, the newest last. */
export type Witnessed = {
  /** In the last answer that went out whole, and in those spoiled or cut off since. */
  readonly values: readonly ShownSession[];
  /** Whether any answer with it went out whole. */
  readonly isSure: boolean;
};

export type Witness = {
  note(shown: readonly ShownSession[], isWhole: boolean): void;
  /** What was shown since, whole or not, may have gone unread: the client was killed. */
  doubtSince(mark: number): void;
  /** A point in time to doubt from. */
  mark(): number;
  seen(): ReadonlyMap<string, Witnessed>;
};

type Sight = { readonly shown: ShownSession; isWhole: boolean };

/** Remembers everything an Enterprise Manager ever showed: what a client that loses nothing must have. */
export function openWitness(): Witness {
  const sights: Sight[] = [];
  return {
    note: (shown, isWhole) => {
      for (const one of shown) sights.push({ shown: one, isWhole });
    },
    doubtSince: (mark) => {
      for (const sight of sights.slice(mark)) sight.isWhole = false;
    },
    mark: () => sights.length,
    seen: () => {
      const byId = new Map<string, { values: ShownSession[]; isSure: boolean }>();
      for (const { shown, isWhole } of sights) {
        const before = byId.get(shown.session.id);
        if (before === undefined || isWhole)
          byId.set(shown.session.id, { values: [shown], isSure: isWhole || before?.isSure === true });
        else before.values.push(shown);
      }
      return byId;
    },
  };
}
