import { unknownRecord } from '../db/upsert-sessions.ts';

/** What the list showed last time, and what it has shown so far this time. */
export type ListMemory = {
  /** Whether a record is the one its session was stored from; it then counts as shown. */
  isKnown(fingerprint: string): boolean;
  /** The record a session was stored from, when the list showed it last time. */
  recordOf(sessionId: string): string | undefined;
  /** Whether the list has shown that very record. */
  isStoredShown(sessionId: string): boolean;
  /** Marks a session as shown; false when it was shown before in this list. */
  see(sessionId: string): boolean;
  hasSeen(sessionId: string): boolean;
  /** Distinct sessions shown. */
  countSeen(): number;
  /** Sessions shown by a known record. */
  countKnown(): number;
  /** Sessions the list showed last time and not this time. */
  gone(): readonly string[];
  countBefore(): number;
  /** Forgets what was shown: the list is read again from its start. */
  startOver(): void;
};

const entryBytes = 32;

/** How a session of the last list was shown in this one. */
const shownBy = { nothing: 0, anotherRecord: 1, storedRecord: 2 } as const;

/** `listed`: 32 bytes a session, its id and the fingerprint of its record, as `readListState` packs them. */
export function rememberList(listed: Uint8Array): ListMemory {
  const ids: string[] = [];
  const records: string[] = [];
  // Where a session, or the record it is stored from, stands in the last list: a poll without news looks once for each record.
  const placeOf = new Map<string, number>();
  const placeOfRecord = new Map<string, number>();
  const shown = new Uint8Array(listed.byteLength / entryBytes);
  const added = new Set<string>();
  let seen = 0;
  let known = 0;
  for (let at = 0; at < listed.byteLength; at += entryBytes) {
    const place = ids.length;
    const sessionId = guidAt(listed, at);
    const fingerprint = guidAt(listed, at + 16);
    ids.push(sessionId);
    records.push(fingerprint);
    placeOf.set(sessionId, place);
    if (fingerprint !== unknownRecord) placeOfRecord.set(fingerprint, place);
  }
  return {
    isKnown: (fingerprint) => {
      const place = placeOfRecord.get(fingerprint);
      if (place === undefined) return false;
      if (shown[place] === shownBy.storedRecord) return true;
      if (shown[place] === shownBy.nothing) seen += 1;
      shown[place] = shownBy.storedRecord;
      known += 1;
      return true;
    },
    recordOf: (sessionId) => records[placeOf.get(sessionId) ?? -1],
    isStoredShown: (sessionId) => shown[placeOf.get(sessionId) ?? -1] === shownBy.storedRecord,
    see: (sessionId) => {
      const place = placeOf.get(sessionId);
      if (place === undefined) {
        if (added.has(sessionId)) return false;
        added.add(ownCopy(sessionId));
      } else {
        if (shown[place] !== shownBy.nothing) return false;
        shown[place] = shownBy.anotherRecord;
      }
      seen += 1;
      return true;
    },
    hasSeen: (sessionId) => {
      const place = placeOf.get(sessionId);
      return place === undefined ? added.has(sessionId) : shown[place] !== shownBy.nothing;
    },
    countSeen: () => seen,
    countKnown: () => known,
    gone: () => ids.filter((_, place) => shown[place] === shownBy.nothing),
    countBefore: () => ids.length,
    startOver: () => {
      shown.fill(shownBy.nothing);
      added.clear();
      seen = known = 0;
    },
  };
}

/** A part of a text keeps all of the text in memory: the whole list would stay, by its ids. */
const ownCopy = (text: string) => Buffer.from(text, 'latin1').toString('latin1');

const digits = Buffer.from('0123456789abcdef', 'latin1');
/** Where the two digits of each byte of a GUID stand. */
const places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;
const written = Buffer.alloc(36, '-');

/** 16 bytes as a GUID in PostgreSQL's order (and text): no byte swapping. In one piece: put together of parts it takes six times the memory. */
function guidAt(bytes: Uint8Array, offset: number): string {
  for (const [index, place] of places.entries()) {
    const byte = bytes[offset + index] ?? 0;
    written[place] = digits[byte >> 4] ?? 0;
    written[place + 1] = digits[byte & 15] ?? 0;
  }
  return written.toString('latin1');
}
