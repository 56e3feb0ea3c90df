// What an Enterprise Manager, broken or hostile, can make this program hold. EM's own records are 1 to 3 kB, nested six deep.

/** A record larger than this is passed over and kept as text, cut. */
export const maxRecordBytes = 1_048_576;
/** So much of a record is kept as text, in characters. */
export const maxKeptText = 262_144;
/** Elements inside a record. */
export const maxDepthInRecord = 50;
/** Elements in a record, of all levels. */
export const maxElements = 10_000;
/** Attributes of an element: each is compared with those before. */
export const maxAttributes = 250;
/** Elements around records. */
export const maxDepthAround = 16;
/** White space in a row between records. */
export const maxSpaceBytes = 1_048_576;
/** Text in a row between records, where none may be. */
export const maxStrayBytes = 65_536;
/** What is passed over in search of the end of one record. */
export const maxSkippedBytes = 64 * 1024 * 1024;
/** Children of a list that are no sessions; more than this is no list of sessions. */
export const maxStrangeChildren = 10_000;
/** Documents other than the list: inventory, tasks, pages of /query. */
export const maxDocumentBytes = 32 * 1024 * 1024;
/** How many times its wire size an answer may become, once it is larger than `maxSpaceBytes`. */
export const maxGrowth = 200;
/** Free text, in UTF-16 units. */
export const maxText = 65_536;
/** Names and words, in UTF-16 units: a thousand of them are a page of the API. Indexes hold their first 100 only. */
export const maxName = 8_192;
/** Answers to errors and to the logon. */
export const maxSmallBytes = 65_536;
/** The request line of a look-up in a batch. */
export const idsPerBatch = 100;
