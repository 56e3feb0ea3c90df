/** Up to where a source was read: its change number and, where that was left in the middle, the last session of it. */
export type Position = { readonly number: bigint; readonly session: string | null };
/** By the id of the source; one that is not in it was not read yet. */
export type Positions = ReadonlyMap<number, Position>;

const mark = 'changes';
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** An opaque text. It holds a position for each source: they change independently of each other. */
export function writeChangesCursor(positions: Positions): string {
  const parts = [...positions].map(([source, { number, session }]) => [
    source,
    number.toString(),
    ...(session === null ? [] : [session]),
  ]);
  return Buffer.from(JSON.stringify([mark, ...parts])).toString('base64url');
}

/** The positions in a cursor, none in the empty text; undefined when it is no cursor of the feed. Nothing in it is believed. */
export function readChangesCursor(text: string): Positions | undefined {
  if (text === '') return new Map();
  const parts = parse(text);
  if (!Array.isArray(parts) || parts[0] !== mark) return undefined;
  const positions = new Map<number, Position>();
  for (const part of parts.slice(1) as unknown[]) {
    if (!Array.isArray(part) || part.length > 3) return undefined;
    const [source, number, session = null] = part as unknown[];
    if (typeof source !== 'number' || !Number.isInteger(source) || source < 1 || source >= 2 ** 31)
      return undefined;
    if (typeof number !== 'string' || !/^\d{1,18}$/.test(number)) return undefined;
    if (session !== null && (typeof session !== 'string' || !uuid.test(session))) return undefined;
    positions.set(source, { number: BigInt(number), session });
  }
  return positions;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
