import { Problem } from './problems.ts';

export type Turns = {
  /**
   * Waits until the client may ask one more question, of so much weight; what it returns ends the turn, and may be called again.
   * Throws Problem `too-many-requests`, or the signal's reason.
   */
  take(client: string, weight: number, gone: AbortSignal): Promise<() => void>;
};

export type TurnLimits = {
  /** The weight of the questions of one client at once. */
  readonly atOnce: number;
  /** Questions of one client that wait. */
  readonly waiting: number;
  readonly waitMs: number;
};

type Waiting = { readonly weight: number; readonly start: () => void };
type Line = { underWay: number; readonly waiting: Set<Waiting> };

/** Gives each client a few of the database's connections, so that none can keep all of them from the others. */
export function createTurns({ atOnce, waiting, waitMs }: TurnLimits): Turns {
  const lines = new Map<string, Line>();

  function begin(client: string, line: Line, weight: number): () => void {
    line.underWay += weight;
    let isEnded = false;
    return () => {
      if (isEnded) return;
      isEnded = true;
      line.underWay -= weight;
      for (const next of line.waiting) {
        if (line.underWay + next.weight > atOnce) break;
        next.start();
      }
      if (line.underWay === 0) lines.delete(client);
    };
  }

  return {
    take: async (client, weight, gone) => {
      gone.throwIfAborted();
      const line = lines.get(client) ?? { underWay: 0, waiting: new Set() };
      lines.set(client, line);
      if (line.waiting.size === 0 && line.underWay + weight <= atOnce) return begin(client, line, weight);
      const busy = () =>
        new Problem('too-many-requests', 'Too many questions of this client are under way already.', {
          retryAfter: 10,
        });
      if (line.waiting.size >= waiting) throw busy();
      return new Promise((resolve, reject) => {
        const leave = () => {
          line.waiting.delete(one);
          clearTimeout(timer);
          gone.removeEventListener('abort', abandon);
        };
        const one: Waiting = {
          weight,
          start: () => {
            leave();
            resolve(begin(client, line, weight));
          },
        };
        const abandon = () => {
          leave();
          reject(gone.reason as Error);
        };
        const timer = setTimeout(() => {
          leave();
          reject(busy());
        }, waitMs);
        gone.addEventListener('abort', abandon);
        line.waiting.add(one);
      });
    },
  };
}
