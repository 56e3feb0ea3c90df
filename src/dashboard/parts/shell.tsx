import { useQueryClient } from '@tanstack/preact-query';
import type { ComponentChildren } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect, useRef } from 'preact/hooks';
import icon from '../icon.svg';
import { key } from '../api/key.ts';
import { ThemeButton } from './theme-button.tsx';

const places = [
  ['/', 'Overview', /^\/$/],
  ['/computers', 'Computers', /^\/computers?$/],
  ['/jobs', 'Jobs', /^\/jobs?$/],
  ['/sessions', 'Sessions', /^\/sessions?$/],
  ['/sync', 'Sync', /^\/(sync|holes|completeness)$/],
] as const;

/** What is around every page: where one is, where one can go, and whether the service answers. */
export function Shell(props: {
  readonly isKeyWanted: boolean;
  readonly hasKey: boolean;
  readonly problem: Error | null;
  readonly children: ComponentChildren;
}) {
  const { path } = useLocation();
  const client = useQueryClient();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    // A new page begins at its top, for eyes and for screen readers.
    if (shown.current === path) return;
    shown.current = path;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [path]);

  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href="/" aria-label="Session History">
          <img src={icon} alt="" width="26" height="26" />
          <span>Session History</span>
        </a>
        <nav aria-label="Pages">
          <ul>
            {places.map(([href, name, pattern]) => (
              <li key={href}>
                <a href={href} aria-current={pattern.test(path) ? 'page' : undefined}>
                  {name}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="tools">
          <a href="/docs/" target="_blank" rel="noopener">
            API
          </a>
          <ThemeButton />
          {props.hasKey && (
            <button
              type="button"
              class="quiet"
              onClick={() => {
                key.forget();
                void client.resetQueries();
              }}
            >
              Forget key
            </button>
          )}
        </div>
      </header>
      {props.problem !== null && (
        <p class="banner" role="alert">
          <strong>{props.problem.message}</strong> What is shown is as old as the last answer. Asking again
          every half minute; on the server, <code>/readyz</code> and the log say what is wrong.
        </p>
      )}
      <main id="main" ref={main} tabIndex={-1}>
        {props.children}
      </main>
    </>
  );
}
