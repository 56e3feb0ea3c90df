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

/** `listed`: 32 bytes a session, its id and the fingerprint of its record, as `readListState` packs them. */
export function rememberList(listed: Uint8Array): ListMemory {
  const recordOf = new Map<string, string>();
  const sessionOf = new Map<string, string>();
  /** Sessions shown, and whether by the record they are stored from. */
  const seen = new Map<string, boolean>();
  let known = 0;
  for (let at = 0; at < listed.byteLength; at += entryBytes) {
    const sessionId = guidAt(listed, at);
    const fingerprint = guidAt(listed, at + 16);
    recordOf.set(sessionId, fingerprint);
    if (fingerprint !== unknownRecord) sessionOf.set(fingerprint, sessionId);
  }
  return {
    isKnown: (fingerprint) => {
      const sessionId = sessionOf.get(fingerprint);
      if (sessionId === undefined) return false;
      if (seen.get(sessionId) !== true) known += 1;
      seen.set(sessionId, true);
      return true;
    },
    recordOf: (sessionId) => recordOf.get(sessionId),
    isStoredShown: (sessionId) => seen.get(sessionId) === true,
    see: (sessionId) => {
      if (seen.has(sessionId)) return false;
      seen.set(ownCopy(sessionId), false);
      return true;
    },
    hasSeen: (sessionId) => seen.has(sessionId),
    countSeen: () => seen.size,
    countKnown: () => known,
    gone: () => [...recordOf.keys()].filter((sessionId) => !seen.has(sessionId)),
    countBefore: () => recordOf.size,
    startOver: () => {
      seen.clear();
      known = 0;
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
