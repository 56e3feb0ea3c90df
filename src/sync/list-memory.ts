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

/** 16 bytes as a GUID in PostgreSQL's order (and text): no byte swapping. */
function guidAt(bytes: Uint8Array, offset: number): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset + offset, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
