import type { ComponentChildren } from 'preact';

/** Names and values, side by side. */
export function Facts({
  of,
}: {
  readonly of: readonly (readonly [name: string, value: ComponentChildren])[];
}) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value ?? <span class="dim">–</span>}</dd>
        </div>
      ))}
    </dl>
  );
}
