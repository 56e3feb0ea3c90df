import { ownCopy } from '../domain/own-copy.ts';
import { unknownRecord } from '../db/upsert-sessions.ts';
import { indexGuids } from './index-guids.ts';

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
  const count = listed.byteLength / entryBytes;
  const idAt = (entry: number) => guidAt(listed, entry * entryBytes);
  const recordAt = (entry: number) => guidAt(listed, entry * entryBytes + 16);
  const entryOf = indexGuids(listed, { stride: entryBytes, offset: 0 });
  const entryOfRecord = indexGuids(listed, {
    stride: entryBytes,
    offset: 16,
    nobody: unknownRecord,
  });
  const shown = new Uint8Array(count);
  const added = new Set<string>();
  let seen = 0;
  let known = 0;
  return {
    isKnown: (fingerprint) => {
      const entry = entryOfRecord(fingerprint);
      if (entry === -1) return false;
      if (shown[entry] === shownBy.storedRecord) return true;
      if (shown[entry] === shownBy.nothing) seen += 1;
      shown[entry] = shownBy.storedRecord;
      known += 1;
      return true;
    },
    recordOf: (sessionId) => {
      const entry = entryOf(sessionId);
      return entry === -1 ? undefined : recordAt(entry);
    },
    isStoredShown: (sessionId) => shown[entryOf(sessionId)] === shownBy.storedRecord,
    see: (sessionId) => {
      const entry = entryOf(sessionId);
      if (entry === -1) {
        if (added.has(sessionId)) return false;
        added.add(ownCopy(sessionId));
      } else {
        if (shown[entry] !== shownBy.nothing) return false;
        shown[entry] = shownBy.anotherRecord;
      }
      seen += 1;
      return true;
    },
    hasSeen: (sessionId) => {
      const entry = entryOf(sessionId);
      return entry === -1 ? added.has(sessionId) : shown[entry] !== shownBy.nothing;
    },
    countSeen: () => seen,
    countKnown: () => known,
    gone: () => [...shown.keys()].filter((entry) => shown[entry] === shownBy.nothing).map(idAt),
    countBefore: () => count,
    startOver: () => {
      shown.fill(shownBy.nothing);
      added.clear();
      seen = known = 0;
    },
  };
}

/** 16 bytes as a GUID in PostgreSQL's order (and text): no byte swapping. */
function guidAt(bytes: Uint8Array, offset: number): string {
  const digits = Buffer.from(bytes.buffer, bytes.byteOffset + offset, 16).toString('hex');
  return digits.replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
