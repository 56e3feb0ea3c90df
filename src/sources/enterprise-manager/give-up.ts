import type { ErrorKind } from '../../domain/sync-error.ts';

/** After so many single look-ups without one success the rest is not asked for. */
const mostFailures = 20;

type Failed = { readonly as: 'failed'; readonly kind: ErrorKind; readonly reason: string };

/** Stops single look-ups at an Enterprise Manager that answers none of them. */
export function openGiveUp() {
  let inARow = 0;
  let last: Failed | undefined;
  return {
    /** What is answered instead of asking. */
    instead: (): Failed | undefined =>
      inARow < mostFailures || last === undefined
        ? undefined
        : { ...last, reason: `Not asked: ${mostFailures} look-ups in a row had failed. ${last.reason}` },
    note: (answer: { readonly as: string } | Failed): void => {
      if (answer.as === 'failed') {
        inARow += 1;
        const { as, kind, reason } = answer as Failed;
        // Nothing of whom that answer was about.
        last = { as, kind, reason };
      } else inARow = 0;
    },
  };
}
export type GiveUp = ReturnType<typeof openGiveUp>;
