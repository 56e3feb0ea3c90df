import type { Outcome } from '../api/rows.ts';

/** A sign beside the colour and the word: nobody has to tell red from green. */
const signs: Readonly<Record<Outcome, string>> = {
  success: '✓',
  warning: '!',
  failed: '✕',
  running: '↻',
  lost: '?',
  unknown: '·',
};

export function OutcomeBadge({ outcome }: { readonly outcome: Outcome | null }) {
  if (outcome === null) return <span class="outcome none">never ran</span>;
  return (
    <span class={`outcome ${outcome}`}>
      <span class="sign" aria-hidden="true">
        {signs[outcome]}
      </span>
      {outcome}
    </span>
  );
}
