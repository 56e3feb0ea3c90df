import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const checkEveryMs = 25;
/** Growth after which the young are looked at, and after which, if that did not help, everything is. */
const youngBytes = 12 * 1024 * 1024;
const allBytes = 32 * 1024 * 1024;

type Collect = (options?: { readonly type: 'minor' | 'major' }) => void;

/** What is under way that wants it. */
let atWork = 0;
let timer: NodeJS.Timeout | undefined;
let collect: Collect | undefined;

/**
 * Has garbage collected after some megabytes of growth, the memory of buffers included, until the function it returns is called.
 * Left to itself, V8 lets the old generation of a process on a large machine grow past 250 MB before it looks at it for the
 * first time: a sync of 100,000 sessions, of which 60 MB are ever alive, then peaks at 450 MB. There is no flag for this that
 * works once the process runs. Not for answering short questions: looking at everything takes tens of milliseconds, and
 * somebody waits.
 */
export function startCollectingEarly(): () => void {
  atWork += 1;
  timer ??= watch();
  return () => {
    atWork -= 1;
    if (atWork > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export async function collectingGarbageEarly<T>(work: () => Promise<T>): Promise<T> {
  const stop = startCollectingEarly();
  try {
    return await work();
  } finally {
    stop();
  }
}

function watch(): NodeJS.Timeout {
  setFlagsFromString('--expose-gc');
  const run = (collect ??= runInNewContext('gc') as Collect);
  let settled = usedBytes();
  return setInterval(() => {
    if (usedBytes() - settled > youngBytes) run({ type: 'minor' });
    if (usedBytes() - settled > allBytes) {
      run();
      settled = usedBytes();
    }
    settled = Math.min(settled, usedBytes());
  }, checkEveryMs).unref();
}

function usedBytes(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}
