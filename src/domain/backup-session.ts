import type { Timestamp } from './timestamp.ts';

/** What a session is about: `job` is one run of a job, `computer` one computer's part in it. */
export type SessionKind = 'job' | 'computer' | 'other';

/**
 * One session as its source last showed it. Ids are lower-case GUIDs without their URN prefix. Words (`state`, `result`,
 * `jobType`) are the vendor's, kept as they came: every vendor enum is an open set.
 */
export type BackupSession = {
  readonly id: string;
  readonly name: string;
  readonly kind: SessionKind;
  readonly jobType: string | null;
  readonly jobId: string | null;
  readonly jobName: string | null;
  /** The session this one is a part of; it need not exist. */
  readonly parentId: string | null;
  readonly serverId: string | null;
  readonly serverName: string | null;
  readonly state: string | null;
  readonly result: string | null;
  readonly isRetry: boolean;
  readonly createdAt: Timestamp;
  readonly endedAt: Timestamp | null;
  /** 0 to 100; says nothing about being done. */
  readonly progress: number | null;
  readonly failureMessage: string | null;
  /** What this program has no column for, and values that fit no column as they came; null when there is nothing. */
  readonly extra: Readonly<Record<string, unknown>> | null;
};

/**
 * What could be read of a session whose record or answer is not whole: null stands for what could not be read, and is no
 * statement about the session. `isRetry` likewise.
 */
export type PartialSession = {
  readonly [Field in Exclude<keyof BackupSession, 'id' | 'kind'>]: BackupSession[Field] | null;
} & Pick<BackupSession, 'id' | 'kind'>;

/** The kind a vendor job type stands for. */
export function kindOfJobType(jobType: string | null): SessionKind {
  switch (jobType) {
    case 'AgentBackup':
      return 'job';
    case 'AgentManagement':
      return 'computer';
    case null:
    default:
      return 'other';
  }
}

/** Whether the source has said its last word on a session's end (results can still be corrected). */
export function isFinal(session: Pick<PartialSession, 'state' | 'result' | 'endedAt'>): boolean {
  const { state, result, endedAt } = session;
  return state === 'Stopped' && result !== null && result !== '' && result !== 'None' && endedAt !== null;
}
