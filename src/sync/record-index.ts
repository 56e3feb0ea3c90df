import { guidFromBytes, guidToBytes } from './guid.ts';

/** What the list showed before and shows now, at 32 bytes and a few index slots a record. */
export type RecordIndex = {
  /** Marks a record as shown, and returns its number; undefined when it was not known by its fingerprint. */
  see(fingerprint: Uint8Array): number | undefined;
  /** Marks the records of these fingerprints, 16 bytes each, as shown; false, and none is, when one of them is not known. */
  seeAll(fingerprints: Uint8Array): boolean;
  knowsAll(fingerprints: Uint8Array): boolean;
  /** A record's number, whether it was shown or not. */
  entryOf(fingerprint: Uint8Array): number | undefined;
  /** Takes in a record that was not known, as shown. */
  add(fingerprint: Uint8Array, sessionId: string): AddedRecord;
  /** Marks the records of a session as shown, for a record that could not be read; false when it has none. */
  seeSession(sessionId: string): boolean;
  hasSeen(sessionId: string): boolean;
  /** How many distinct sessions were shown. */
  countSeen(): number;
  /** Forgets what was shown, not what is known: the list is read again from its start. */
  startOver(): void;
  /** What was known and not shown. */
  gone(): { readonly fingerprints: readonly string[]; readonly sessionIds: readonly string[] };
};

export type AddedRecord = {
  /** The list had shown this session before. */
  readonly isDuplicate: boolean;
  /** Fingerprints of the session's records that this list has not shown (so far). */
  readonly superseded: readonly string[];
};

const entryBytes = 32;
const entryWords = entryBytes / 4;
const none = -1;

/** `listed`: 32 bytes a record, its fingerprint and its session's id. One per run: it holds what the run has seen. */
export function indexRecords(listed: Uint8Array): RecordIndex {
  let count = listed.byteLength / entryBytes;
  let entries = new Uint8Array(Math.max(listed.byteLength, 64 * entryBytes));
  entries.set(listed);
  let words = new Int32Array(entries.buffer);
  let seen = new Uint8Array(entries.byteLength / entryBytes);
  // The records of one session form a chain that starts at its first record.
  let nextOfSession = new Int32Array(seen.length).fill(none);
  /** 1 for an entry that is not the only one of its session. */
  let hasCompany = new Uint8Array(seen.length);
  let byFingerprint = slots(seen.length);
  let bySession = slots(seen.length);
  for (let entry = 0; entry < count; entry += 1) link(entry);

  // An Int32Array needs aligned memory; 16 bytes are copied faster than checked. Good until the next call.
  const keyBytes = new Uint8Array(16);
  const keyWords = new Int32Array(keyBytes.buffer);
  function asWords(bytes: Uint8Array, at = 0): Int32Array {
    for (let byte = 0; byte < 16; byte += 1) keyBytes[byte] = bytes[at + byte] ?? 0;
    return keyWords;
  }

  // Both halves of an entry are as good as random, so four of their bytes are the hash; slots are probed in order.
  // Returns the entry, or the complement of the free slot where it would go. `half` is 0 (fingerprint) or 4 (session id).
  function find(table: Int32Array, half: 0 | 4, key: Int32Array, at = 0): number {
    const mask = table.length - 1;
    for (let slot = (key[at] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      const entry = table[slot] ?? none;
      if (entry === none) return ~slot;
      const word = entry * entryWords + half;
      if (
        words[word] === key[at] &&
        words[word + 1] === key[at + 1] &&
        words[word + 2] === key[at + 2] &&
        words[word + 3] === key[at + 3]
      ) {
        return entry;
      }
    }
  }

  function link(entry: number): void {
    const slot = find(byFingerprint, 0, words, entry * entryWords);
    if (slot < 0) byFingerprint[~slot] = entry;
    const first = find(bySession, 4, words, entry * entryWords + 4);
    if (first < 0) {
      bySession[~first] = entry;
    } else {
      nextOfSession[entry] = nextOfSession[first] ?? none;
      nextOfSession[first] = entry;
      hasCompany[first] = hasCompany[entry] = 1;
    }
  }

  function grow(): void {
    const wider = new Uint8Array(entries.byteLength * 2);
    wider.set(entries);
    entries = wider;
    words = new Int32Array(entries.buffer);
    const wasSeen = seen;
    seen = new Uint8Array(wasSeen.length * 2);
    seen.set(wasSeen);
    nextOfSession = new Int32Array(seen.length).fill(none);
    hasCompany = new Uint8Array(seen.length);
    byFingerprint = slots(seen.length);
    bySession = slots(seen.length);
    for (let entry = 0; entry < count; entry += 1) link(entry);
  }

  /** The entries of a session, the session given by 4 words. */
  function recordsOf(key: Int32Array, at = 0): readonly number[] {
    const records: number[] = [];
    let entry = find(bySession, 4, key, at);
    for (; entry >= 0; entry = nextOfSession[entry] ?? none) records.push(entry);
    return records;
  }

  function entryOf(fingerprint: Uint8Array, at = 0): number | undefined {
    const entry = find(byFingerprint, 0, asWords(fingerprint, at));
    return entry < 0 ? undefined : entry;
  }

  const isSeen = (entry: number) => seen[entry] === 1;
  const recordsOfSession = (sessionId: string) => recordsOf(asWords(guidToBytes(sessionId)));
  const recordsBeside = (entry: number) => recordsOf(words, entry * entryWords + 4);
  const fingerprintOf = (entry: number) => guidFromBytes(entries, entry * entryBytes);

  return {
    see: (fingerprint) => {
      const entry = entryOf(fingerprint);
      if (entry !== undefined) seen[entry] = 1;
      return entry;
    },
    seeAll: (fingerprints) => {
      const entries: number[] = [];
      for (let at = 0; at < fingerprints.byteLength; at += 16) {
        const entry = entryOf(fingerprints, at);
        if (entry === undefined) return false;
        entries.push(entry);
      }
      for (const entry of entries) seen[entry] = 1;
      return true;
    },
    knowsAll: (fingerprints) => {
      for (let at = 0; at < fingerprints.byteLength; at += 16)
        if (entryOf(fingerprints, at) === undefined) return false;
      return true;
    },
    entryOf: (fingerprint) => entryOf(fingerprint),
    add: (fingerprint, sessionId) => {
      const earlier = recordsOfSession(sessionId);
      const added = {
        isDuplicate: earlier.some(isSeen),
        superseded: earlier.filter((entry) => !isSeen(entry)).map(fingerprintOf),
      };
      if (count === seen.length) grow();
      entries.set(fingerprint, count * entryBytes);
      entries.set(guidToBytes(sessionId), count * entryBytes + 16);
      seen[count] = 1;
      link(count);
      count += 1;
      return added;
    },
    seeSession: (sessionId) => {
      const records = recordsOfSession(sessionId);
      for (const entry of records) seen[entry] = 1;
      return records.length > 0;
    },
    hasSeen: (sessionId) => recordsOfSession(sessionId).some(isSeen),
    countSeen: () => {
      let sessions = 0;
      for (let entry = 0; entry < count; entry += 1) {
        if (isSeen(entry) && (hasCompany[entry] === 0 || recordsBeside(entry).find(isSeen) === entry))
          sessions += 1;
      }
      return sessions;
    },
    startOver: () => seen.fill(0),
    gone: () => {
      const fingerprints: string[] = [];
      const sessionIds = new Set<string>();
      for (let entry = 0; entry < count; entry += 1) {
        if (isSeen(entry)) continue;
        fingerprints.push(fingerprintOf(entry));
        if (hasCompany[entry] === 0 || !recordsBeside(entry).some(isSeen))
          sessionIds.add(guidFromBytes(entries, entry * entryBytes + 16));
      }
      return { fingerprints, sessionIds: [...sessionIds] };
    },
  };
}

/** An empty table with at least twice as many slots as entries; a power of two. */
function slots(entries: number): Int32Array {
  return new Int32Array(2 ** Math.ceil(Math.log2(entries * 2))).fill(none);
}
