import type { Logger } from 'pino';
import { limitRepeats } from '../log/limit-repeats.ts';

/** Logs what goes wrong beside the work, the same thing of the same part once a minute at most, whatever hammers at it. */
export type Trouble = (part: string) => (error: Error) => void;

const quietMs = 60_000;

export function logTrouble(log: Logger): Trouble {
  const limited = limitRepeats(quietMs);
  return (part) => (error) => {
    const message = describeError(error);
    limited(`${part} ${message}`, (heldBack) => {
      log.warn({ part, ...(heldBack > 0 && { heldBack }) }, message);
    });
  };
}

/** The message, also of an error that only has a code (several addresses that all refused, for instance). */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (error.message === '') return code ?? error.name;
  // Prisma wraps what the database said in some lines about the call.
  return /Message: `([^`]+)`/.exec(error.message)?.[1] ?? error.message;
}
