import { parseValue } from './parse-value.ts';
import type { Position } from './question.ts';
import type { Resource } from './resource.ts';

/** An opaque text that says where the next page begins, and which order it belongs to. */
export function writeCursor(resource: Resource, isDescending: boolean, position: Position): string {
  return Buffer.from(JSON.stringify([resource.name, isDescending ? 'desc' : 'asc', ...position])).toString(
    'base64url',
  );
}

/** The position in a cursor; undefined when it is none of this resource and order. Nothing in it is believed. */
export function readCursor(resource: Resource, isDescending: boolean, cursor: string): Position | undefined {
  const parts = parse(cursor);
  if (!Array.isArray(parts) || parts.length !== resource.key.length + 2) return undefined;
  const [name, order, ...position] = parts as unknown[];
  if (name !== resource.name || order !== (isDescending ? 'desc' : 'asc')) return undefined;
  const values = resource.key.map(({ type }, index) => {
    const text = position[index];
    if (typeof text !== 'string') return undefined;
    const parsed = parseValue({ type }, text);
    return 'value' in parsed ? parsed.value : undefined;
  });
  return values.every((value) => value !== undefined) ? values : undefined;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
