/** How a computer stands; the first that holds, in the order of their weight. */
export const computerStates = ['muted', 'never', 'overdue', 'failed', 'missed', 'ok'] as const;
export type ComputerState = (typeof computerStates)[number];

export type ComputerStanding = {
  readonly source: string;
  readonly computer: string;
  readonly customer: string;
  readonly state: ComputerState;
  /** Unix time in seconds; null: never. */
  readonly lastSuccess: number | null;
  readonly lastOutcome: string | null;
  readonly lastBytes: number | null;
  readonly consecutiveFailures: number;
};

export function countComputers(
  standings: readonly Pick<ComputerStanding, 'state'>[],
): Readonly<Record<ComputerState, number>> {
  const counts = { muted: 0, never: 0, overdue: 0, failed: 0, missed: 0, ok: 0 };
  for (const { state } of standings) counts[state] += 1;
  return counts;
}
