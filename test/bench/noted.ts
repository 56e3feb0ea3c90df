import type { Result } from './result.ts';

/**
 * What was measured of dlt 1.31 (merge into PostgreSQL) on 2026-11-26, on two other cores of the same kind, beside this program
 * at version 0.1: only its ratio to that can be compared. It needs Python and is not run here.
 */
const dlt = {
  size: 100_000,
  'first sync, entity list': { wall: 32.0 / 24.7, cpu: 10.9 / 8.6, peak: 359 / 228 },
  'poll without news, entity list': { wall: 31.4 / 2.2, cpu: 10.9 / 0.9, peak: undefined },
} as const;

/** A line of what dlt took, as a multiple of version 0.1 of this program; for the sizes at which it was measured. */
export function notedElsewhere(results: readonly Result[]): readonly Result[] {
  const [ours] = results;
  if (ours?.size !== dlt.size) return [];
  const noted = Object.entries(dlt).find(([name]) => name === ours.case)?.[1];
  if (noted === undefined || typeof noted === 'number') return [];
  const figures = { wallTimesOfVersion01: noted.wall, cpuTimesOfVersion01: noted.cpu };
  return [
    {
      case: ours.case,
      size: ours.size,
      variant: 'dlt 1.31, noted 2026-11-26',
      figures,
      spread: {},
      raw: [],
    },
  ];
}
