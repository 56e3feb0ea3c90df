import { useSyncExternalStore } from 'preact/compat';

let now = Date.now();
const watchers = new Set<() => void>();
setInterval(() => {
  now = Date.now();
  for (const watcher of watchers) watcher();
}, 30_000);

const watch = (watcher: () => void) => {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
};

/** The time, to half a minute: what says `ago` moves on. One clock for all. */
export const useNow = (): number => useSyncExternalStore(watch, () => now);
