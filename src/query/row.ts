/** A value as JSON has it: times and days are texts. A whole number beyond 53 bits is a bigint, so that no digit is lost. */
export type Value = string | number | bigint | boolean | null;

/** Values in the order of the columns asked for. */
export type Row = readonly Value[];
