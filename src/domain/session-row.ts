import type { BackupSession } from './backup-session.ts';

/** A session on its way into the history. */
export type SessionRow = {
  readonly session: BackupSession;
  /** The computer as far as names tell, for kind `computer`; a task session may know better. */
  readonly computer: string | null;
};

/** A record of EM's list and the session it is about. The fingerprint is a hash of its bytes, written as a GUID. */
export type ListedRecord = { readonly fingerprint: string; readonly sessionId: string };

/** A listed record that could not be read. */
export type UnreadableRow = {
  readonly fingerprint: string;
  readonly sessionId: string | null;
  readonly reason: string;
  /** The record's text. */
  readonly record: string;
};
