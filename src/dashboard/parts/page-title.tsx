import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

/** The heading of a page, also in the window's title. */
export function PageTitle(props: {
  readonly title: string;
  readonly above?: string;
  readonly children?: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${props.title} · Session History`;
  }, [props.title]);
  return (
    <div class="title">
      {props.above !== undefined && <p class="dim">{props.above}</p>}
      <h1>{props.title}</h1>
      {props.children}
    </div>
  );
}
