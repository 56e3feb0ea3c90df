import { watchLoop } from './watch-loop.ts';

/** Who takes its turn with whom, such as all requests of a key. */
export type Lanes = {
  /**
   * Starts it soon: those of one lane in their order, the lanes in turn. What it returns says that it is done, or that nobody waits
   * for it any more: then it is never started.
   */
  enter(lane: string, isTrusted: boolean, start: () => void): () => void;
};

/** By lane. */
type Waiting = Map<string, Set<() => void>>;

/** Requests of a trusted lane that are started whatever else waits, and those that are started of it in its turn. */
const freeOfLane = 4;

/** Milliseconds from one look to the next while the process has no time to spare, and those after which a trusted lane is gone. */
const restMs = 50;
const trustedForMs = 5_000;

/**
 * Starts a few of the requests that came each time the process has a look at its sockets. Two hundred that come at once would
 * otherwise all be taken up before anybody else hears from the database, and again at each step of an answer. Such a look may come late when the
 * process is busy, so the few requests of a trusted lane do not wait for theirs, and those that do wait not behind strangers. And while there are such, the others rest between two
 * looks when the process has no time to spare: whoever asks again as soon as he was answered would make as much of it as he gets.
 */
export function createLanes(startsAtOnce: number, isCrowded: () => boolean = watchLoop()): Lanes {
  const trusted: Waiting = new Map();
  const strangers: Waiting = new Map();
  const underWay = new Map<string, number>();
  let trustedAt = -Infinity;
  let isPlanned = false;

  function plan(): void {
    if (isPlanned) return;
    isPlanned = true;
    if (performance.now() - trustedAt < trustedForMs && isCrowded()) setTimeout(start, restMs);
    else setImmediate(start);
  }

  function start(): void {
    isPlanned = false;
    // Before anything is started: what that lets in has its turn the next time.
    const chosen = [...choose(trusted, freeOfLane), ...choose(strangers, 1)];
    if (trusted.size + strangers.size > 0) plan();
    for (const one of chosen) one();
  }

  /** The next ones, a few of a lane at a time. */
  function choose(lanes: Waiting, ofLane: number): (() => void)[] {
    const chosen: (() => void)[] = [];
    for (const [name, line] of lanes) {
      for (const one of [...take(line, ofLane)]) {
        chosen.push(one);
        line.delete(one);
      }
      // Behind the others, and met again below if nobody else waits.
      lanes.delete(name);
      if (line.size > 0) lanes.set(name, line);
      if (chosen.length >= startsAtOnce) break;
    }
    return chosen;
  }

  return {
    enter: (lane, isTrusted, one) => {
      const count = (underWay.get(lane) ?? 0) + 1;
      underWay.set(lane, count);
      const lanes = isTrusted ? trusted : strangers;
      const line = lanes.get(lane);
      if (isTrusted) trustedAt = performance.now();
      if (isTrusted && line === undefined && count <= freeOfLane) one();
      else {
        if (line === undefined) lanes.set(lane, new Set([one]));
        else line.add(one);
        plan();
      }
      return () => {
        // Those who come, ask and leave faster than they are started would fill the memory.
        const rest = lanes.get(lane);
        if (rest?.delete(one) === true && rest.size === 0) lanes.delete(lane);
        const left = (underWay.get(lane) ?? 1) - 1;
        if (left > 0) underWay.set(lane, left);
        else underWay.delete(lane);
      };
    },
  };
}

function* take<Item>(items: Iterable<Item>, count: number): Generator<Item, void, void> {
  let left = count;
  for (const item of items) {
    if ((left -= 1) < 0) return;
    yield item;
  }
}
