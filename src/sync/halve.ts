import { timestampFromDate } from '../domain/timestamp.ts';
import type { Window } from '../sources/source.ts';

const secondMs = 1_000;

/** Two windows in place of one, the newer first, cut at whole seconds after its beginning; undefined when it is no longer than that. */
export function halve({ from, to }: Window): readonly [Window, Window] | undefined {
  const fromMs = Date.parse(from);
  const middleMs = fromMs + Math.floor((Date.parse(to) - fromMs) / 2 / secondMs) * secondMs;
  const middle = timestampFromDate(new Date(middleMs));
  if (middle <= from || middle >= to) return undefined;
  return [
    { from: middle, to },
    { from, to: middle },
  ];
}
