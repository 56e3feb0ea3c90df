/** What is known of a list before it is read; asked piece by piece, in the order in which the list arrives. */
export type KnownRecords = {
  /**
   * Whether a record is known, and so is passed over. `gap` is the white space between it and the record before; undefined
   * when something else stands there.
   */
  passRecord(record: Uint8Array, gap: Uint8Array | undefined): boolean;
  /** Right after a record was passed over: how many bytes behind it were read as one last time; 0 for none. */
  lengthBehind(): number;
  /** Whether these bytes are the ones that stood there: then all the records in them are passed over. */
  passBehind(bytes: Uint8Array): boolean;
};
