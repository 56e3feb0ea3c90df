/** Records that stood in a row in a list, known by the first of them. */
export type Stretch = {
  /** Fingerprint of the first record. */
  readonly head: string;
  /** What followed it: 16 bytes of SHA-256 of all bytes, their number (4 bytes, big-endian), and the fingerprint of each record. */
  readonly body: Uint8Array;
};

/** What a complete list changes in what is kept of the rows in which its records stand. */
export type StretchChanges = {
  readonly formed: readonly Stretch[];
  /** Heads of those that were not met again. */
  readonly gone: readonly string[];
};
