import type { ComponentChildren } from 'preact';

/** A part of a page with a heading of its own. */
export function Panel(props: {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}) {
  const id = `panel-${props.title.toLowerCase().replaceAll(/\W+/g, '-')}`;
  return (
    <section class={props.wide === true ? 'panel wide' : 'panel'} aria-labelledby={id}>
      <header>
        <h2 id={id}>{props.title}</h2>
        {props.note !== undefined && <p class="dim">{props.note}</p>}
        {props.actions !== undefined && <div class="actions">{props.actions}</div>}
      </header>
      {props.children}
    </section>
  );
}
