import type { PartialSession } from '../domain/backup-session.ts';

/** About how many characters a session has, in all its texts. Those of Enterprise Manager have some hundred; a source could send a million. */
export function weighSession(session: PartialSession): number {
  return weigh(session);
}

function weigh(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  let weight = 0;
  for (const [key, inner] of Object.entries(value)) weight += key.length + weigh(inner);
  return weight;
}
