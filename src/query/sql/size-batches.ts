import type { RawRow } from './read-values.ts';

/** Rows a batch: enough to be fast; as many as this are read and written without a pause, and others wait for so long. */
const mostRows = 500;
/** The first batch shows how long rows are. */
const firstRows = 50;
/** Characters that a batch should have at most. */
const batchCharacters = 8_000_000;

/** Chooses how many rows to ask for next, by how long those of the batch before were. */
export function sizeBatches(): {
  readonly next: () => number;
  readonly see: (batch: readonly RawRow[]) => void;
  /** Of all that was seen. */
  readonly characters: () => number;
} {
  let size = firstRows;
  let all = 0;
  return {
    next: () => size,
    see: (batch) => {
      if (batch.length === 0) return;
      let characters = 0;
      for (const row of batch) for (const value of row) characters += value?.length ?? 0;
      all += characters;
      size = Math.max(
        1,
        Math.min(mostRows, Math.floor((batchCharacters * batch.length) / (characters + batch.length))),
      );
    },
    characters: () => all,
  };
}
