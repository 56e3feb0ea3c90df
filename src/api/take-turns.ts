import { Problem } from './problems.ts';

export type Turns = {
  /**
   * Waits until the client may ask one more question; what it returns ends the turn, and may be called again. Throws Problem
   * `too-many-requests`, or the signal's reason.
   */
  take(client: string, gone: AbortSignal): Promise<() => void>;
};

export type TurnLimits = {
  /** Questions of one client at once. */
  readonly atOnce: number;
  /** Questions of one client that wait. */
  readonly waiting: number;
  readonly waitMs: number;
};

type Line = { underWay: number; readonly waiting: Set<() => void> };

/** Gives each client a few of the database's connections, so that none can keep all of them from the others. */
export function createTurns({ atOnce, waiting, waitMs }: TurnLimits): Turns {
  const lines = new Map<string, Line>();

  function begin(client: string, line: Line): () => void {
    line.underWay += 1;
    let isEnded = false;
    return () => {
      if (isEnded) return;
      isEnded = true;
      line.underWay -= 1;
      const [next] = line.waiting;
      if (next !== undefined) next();
      else if (line.underWay === 0) lines.delete(client);
    };
  }

  return {
    take: async (client, gone) => {
      gone.throwIfAborted();
      const line = lines.get(client) ?? { underWay: 0, waiting: new Set() };
      lines.set(client, line);
      if (line.underWay < atOnce) return begin(client, line);
      const busy = () =>
        new Problem('too-many-requests', `${atOnce} questions of this client are under way already.`, {
          retryAfter: 10,
        });
      if (line.waiting.size >= waiting) throw busy();
      return new Promise((resolve, reject) => {
        const leave = () => {
          line.waiting.delete(start);
          clearTimeout(timer);
          gone.removeEventListener('abort', abandon);
        };
        const start = () => {
          leave();
          resolve(begin(client, line));
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
        line.waiting.add(start);
      });
    },
  };
}
