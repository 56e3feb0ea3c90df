import { useSyncExternalStore } from 'preact/compat';

const name = 'session-history-theme';
export type Theme = 'light' | 'dark';

const system = matchMedia('(prefers-color-scheme: dark)');
const watchers = new Set<() => void>();
const tell = () => {
  for (const watcher of watchers) watcher();
};

function chosen(): Theme | null {
  const kept = localStorage.getItem(name);
  return kept === 'light' || kept === 'dark' ? kept : null;
}

function show(): void {
  const theme = chosen();
  if (theme === null) delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

system.addEventListener('change', tell);
show();

const watch = (watcher: () => void) => {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
};

/** As the system has it, until somebody chooses. */
export const useTheme = (): Theme =>
  useSyncExternalStore(watch, () => chosen() ?? (system.matches ? 'dark' : 'light'));

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(name, theme);
  show();
  tell();
}
