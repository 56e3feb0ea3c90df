import { ConfigError } from './config.ts';

/** Gathers what is wrong, so that a person mends all of it at once and not one thing a start. */
export type Problems = {
  add(message: string): void;
  /** The result, or undefined after noting the ConfigError it threw. */
  attempt<Result>(work: () => Result): Result | undefined;
  /** Throws one ConfigError with everything noted, if anything was. */
  throwIfAny(): void;
};

export function gatherProblems(): Problems {
  const messages: string[] = [];
  return {
    add: (message) => void messages.push(message),
    attempt: (work) => {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        messages.push(error.message);
        return undefined;
      }
    },
    throwIfAny: () => {
      if (messages.length > 0) throw new ConfigError(messages.join('\n'));
    },
  };
}
