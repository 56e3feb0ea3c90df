import type { ComponentChildren } from 'preact';

type Asked<Data> = { readonly data: Data | undefined; readonly error: Error | null };

/** What was asked for; until it is there, that it is on its way, or why it does not come. */
export function Answer<Data>(props: {
  readonly to: Asked<Data>;
  readonly lines?: number;
  readonly children: (data: Data) => ComponentChildren;
}) {
  const { data, error } = props.to;
  if (data !== undefined) return <>{props.children(data)}</>;
  if (error !== null) {
    return (
      <p class="trouble" role="alert">
        {error.message}
      </p>
    );
  }
  return (
    <div class="waiting" role="status">
      <span class="hidden">Loading</span>
      {Array.from({ length: props.lines ?? 4 }, (_, line) => (
        <span key={line} class="bone" aria-hidden="true" />
      ))}
    </div>
  );
}
