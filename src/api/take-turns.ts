import { Problem } from './problems.ts';

export type Turns = {
  /**
   * Waits until the client may ask one more question, of so much weight; what it returns ends the turn, and may be called again.
   * Throws Problem `too-many-requests`, or the signal's reason.
   */
  take(client: string, weight: number, gone: AbortSignal): Promise<() => void>;
};

export type TurnLimits = {
  /** Questions of all clients at once: a connection each. */
  readonly connections: number;
  /** The weight of the questions of one client at once. */
  readonly atOnce: number;
  /** Milliseconds that a client's questions may have taken lately; past that it asks one at a time while others ask, too. */
  readonly burstMs: number;
  /** Questions of one client that wait. */
  readonly waiting: number;
  readonly waitMs: number;
};

type Waiting = { readonly weight: number; readonly start: () => void };
type Line = {
  weight: number;
  questions: number;
  /** What its questions took, as of `usedAt`, less what time has forgiven. Milliseconds. */
  used: number;
  usedAt: number;
  readonly waiting: Set<Waiting>;
};

/** How much of the time a client may keep a question under way, on average, without being held back. */
const forgiven = 0.25;
/** Milliseconds after the last question of anybody else in which a client is not alone. */
const aloneAfterMs = 5_000;
/** Clients that are remembered for what they used. */
const mostRemembered = 10_000;

/**
 * Shares the database's connections among clients. A client may have more questions under way as long as it has fewer than are
 * left for others: alone it gets its `atOnce`, and however many of them ask for all they can get, the next one finds some left. Who has
 * the fewest comes next. Whoever has taken much of the database's time lately has one question at a time while others ask: a few
 * that ask for the dearest again and again would otherwise leave the processors to nobody else.
 */
export function createTurns(
  { connections, atOnce, burstMs, waiting, waitMs }: TurnLimits,
  now: () => number = () => performance.now(),
): Turns {
  /** Those who were served last stand last. */
  const lines = new Map<string, Line>();
  let left = connections;
  /** Who asked last, and the last one before that was somebody else. */
  let latest = { client: '', at: -Infinity };
  let latestOther = -Infinity;

  function noteAsking(client: string): void {
    if (client !== latest.client) latestOther = latest.at;
    latest = { client, at: now() };
  }

  function isAlone(client: string): boolean {
    const other = client === latest.client ? latestOther : latest.at;
    return now() - other > aloneAfterMs;
  }

  function mayBegin(client: string, line: Line, more: number): boolean {
    if (line.questions === 0) return left > 0;
    if (line.weight + more > atOnce || line.questions >= left) return false;
    return usedOf(line) <= burstMs || isAlone(client);
  }

  function usedOf({ used, usedAt }: Line): number {
    return Math.max(0, used - forgiven * (now() - usedAt));
  }

  function begin(client: string, line: Line, weight: number): () => void {
    line.weight += weight;
    line.questions += 1;
    left -= 1;
    lines.delete(client);
    lines.set(client, line);
    const since = now();
    let isEnded = false;
    return () => {
      if (isEnded) return;
      isEnded = true;
      line.used = usedOf(line) + now() - since;
      line.usedAt = now();
      line.weight -= weight;
      line.questions -= 1;
      left += 1;
      startWaiting();
      forgetIfIdle(client, line);
    };
  }

  function startWaiting(): void {
    for (let next = chooseNext(); next !== undefined; next = chooseNext()) next.start();
  }

  function chooseNext(): Waiting | undefined {
    let chosen: Waiting | undefined;
    let fewest = Infinity;
    for (const [client, line] of lines) {
      const [first] = line.waiting;
      if (first === undefined || line.questions >= fewest || !mayBegin(client, line, first.weight)) continue;
      chosen = first;
      fewest = line.questions;
    }
    return chosen;
  }

  function forgetIfIdle(client: string, line: Line): void {
    if (line.questions > 0 || line.waiting.size > 0 || lines.get(client) !== line) return;
    if (usedOf(line) < burstMs / 2 || lines.size > mostRemembered) lines.delete(client);
  }

  return {
    take: async (client, weight, gone) => {
      gone.throwIfAborted();
      noteAsking(client);
      const line = lines.get(client) ?? { weight: 0, questions: 0, used: 0, usedAt: 0, waiting: new Set() };
      if (line.waiting.size === 0 && mayBegin(client, line, weight)) return begin(client, line, weight);
      const busy = () =>
        new Problem(
          'too-many-requests',
          line.questions === 0
            ? 'Questions of others take all connections to the database.'
            : 'Too many questions of this client are under way already.',
          { retryAfter: 10 },
        );
      if (line.waiting.size >= waiting) throw busy();
      lines.set(client, line);
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
        const giveUp = (reason: Error) => {
          leave();
          reject(reason);
          // It may have kept lighter ones behind it.
          startWaiting();
          forgetIfIdle(client, line);
        };
        const abandon = () => {
          giveUp(gone.reason as Error);
        };
        const timer = setTimeout(() => {
          giveUp(busy());
        }, waitMs);
        gone.addEventListener('abort', abandon);
        line.waiting.add(one);
      });
    },
  };
}
