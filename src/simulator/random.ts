import { createHash } from 'node:crypto';

/** 64 random-looking bits that depend on nothing but their names: the same wherever and whenever they are asked for. */
export function draw(...names: readonly (string | number)[]): number {
  // FNV-1a over the names, then a finishing mix; a hash and no state, so that no order of asking changes an answer.
  let hash = 0x811c9dc5;
  const text = names.join('|');
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}

/** A GUID that depends on nothing but its names. */
export function guid(...names: readonly (string | number)[]): string {
  const hex = createHash('md5').update(names.join('|')).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** One of several, by a share from 0 to 1. */
export function pick<T>(from: readonly T[], share: number): T {
  const chosen = from[Math.min(from.length - 1, Math.floor(share * from.length))];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
}
