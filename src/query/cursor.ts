import { parseValue } from './parse-value.ts';
import { orderKey, type Position, type Question } from './question.ts';
import type { Resource } from './resource.ts';

/** An opaque text that says where the next page begins, and which order it belongs to. */
export function writeCursor(
  resource: Resource,
  ordering: Pick<Question, 'order' | 'isDescending'>,
  position: Position,
): string {
  return Buffer.from(JSON.stringify([resource.name, nameOrder(ordering), ...position])).toString('base64url');
}

/** The position in a cursor; undefined when it is none of this resource and order. Nothing in it is believed. */
export function readCursor(
  resource: Resource,
  ordering: Pick<Question, 'order' | 'isDescending'>,
  cursor: string,
): Position | undefined {
  const parts = parse(cursor);
  const key = orderKey(resource, ordering.order);
  if (!Array.isArray(parts) || parts.length !== key.length + 2) return undefined;
  const [name, order, ...position] = parts as unknown[];
  if (name !== resource.name || order !== nameOrder(ordering)) return undefined;
  const values = key.map(({ type }, index) => {
    const text = position[index];
    if (typeof text !== 'string') return undefined;
    const parsed = parseValue({ type }, text);
    return 'value' in parsed ? parsed.value : undefined;
  });
  return values.every((value) => value !== undefined) ? values : undefined;
}

function nameOrder({ order, isDescending }: Pick<Question, 'order' | 'isDescending'>): string {
  return `${isDescending ? '-' : ''}${order?.field ?? ''}`;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
