import type { Config, SourceConfig } from '../config/config.ts';
import type { SyncReport } from '../domain/sync-run.ts';
import type { BackfillOutcome } from '../sync/backfill.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { History } from '../db/open-history.ts';

/** Who starts a sync and watches it: what it tells. */
export type SyncWatcher = {
  /** Whether the whole list is read, however lately that was done. */
  readonly isFull?: boolean;
  readonly onProgress?: (progress: {
    readonly listed: number;
    readonly new: number;
    readonly changed: number;
  }) => void;
  readonly onTasks?: (progress: { readonly read: number }) => void;
  readonly onWarning?: (message: string) => void;
};

/** What is to be read beyond the lists. */
export type BackfillOrder = {
  /** undefined: all gaps. */
  readonly since: Timestamp | undefined;
  /** Whether covered days are read too. */
  readonly again: boolean;
};

export type BackfillReport = Pick<SyncReport, 'source'> &
  (
    | { readonly skipped: true }
    | { readonly skipped: false; readonly outcome: BackfillOutcome; readonly holes: number }
  );

/** A finding of the doctor: good, a warning to know of, or a fault to mend. */
export type Finding = { readonly verdict: 'good' | 'warning' | 'bad'; readonly what: string };

/** The certificate that a host shows, trusted or not. */
export type ShownCertificate = {
  /** Fingerprints with colons; Windows shows the SHA-1. */
  readonly sha256: string;
  readonly sha1: string;
  readonly subject: string;
  readonly validTo: string;
  /** Whether this machine's own authorities vouch for it. */
  readonly isTrusted: boolean;
};

export type SimulatorOptions = {
  readonly host: string;
  readonly port: number;
  readonly sessions: number;
  readonly seed: number;
  readonly version: '9.5' | '11' | '12' | '13';
  readonly role: 'administrator' | 'portal-user';
  readonly username: string;
  readonly password: string;
  readonly entityList: boolean;
};

export type RunningSimulator = { readonly url: string; advance(ms: number): void; close(): Promise<void> };

/** What the commands ask of the rest of the program. */
export type App = {
  /** Throws ConfigError. */
  readonly readConfig: () => Config;
  /** The defaults, with nothing of the environment but the API's port and the log level. Throws ConfigError. */
  readonly readDemoConfig: (folder: string) => Config;
  /** The database of the configuration, or another place. Throws SyncError. */
  readonly openHistory: (place: Pick<Config, 'databaseUrl' | 'dataDir'>) => Promise<History>;
  readonly syncSource: (history: History, source: SourceConfig, watcher: SyncWatcher) => Promise<SyncReport>;
  readonly backfillSource: (
    history: History,
    source: SourceConfig,
    order: BackfillOrder,
    onProgress: (progress: { readonly day: string; readonly read: number; readonly new: number }) => void,
  ) => Promise<BackfillReport>;
  /** Looks at one source from address to rights, stopping at the first fault that hides the rest. */
  readonly examineSource: (source: SourceConfig) => AsyncIterable<Finding>;
  /** Sends nothing. Rejects where there is no TLS, or nobody answers. */
  readonly examineCertificate: (url: string) => Promise<ShownCertificate>;
  /** Looks at the queue that the service would use. */
  readonly examineQueue: (config: Config, history: History) => AsyncIterable<Finding>;
  readonly startSimulator: (options: Partial<SimulatorOptions>) => Promise<RunningSimulator>;
  /** Leaves a backfill to the service, which reads a little after each poll. */
  readonly requestBackfill: (history: History, source: SourceConfig, order: BackfillOrder) => Promise<void>;
  /** Runs API, worker, or both until the signal. Throws ConfigError or SyncError for what waiting does not mend. */
  readonly runService: (
    config: Config,
    runs: { readonly worker: boolean; readonly api: boolean },
    onReady?: (at: { readonly url: string | undefined }) => void,
  ) => Promise<void>;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Says what went wrong without ending the command. */
  readonly warn: (source: string, message: string) => void;
  /** A variable of the environment alone, without `.env`; an empty one is not given. */
  readonly given: (name: string) => string | undefined;
  readonly workingFolder: string;
  /** Opened by whoever reads it. */
  readonly stdin: () => NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly version: string;
};

/** What a command ends with: 0 good, 1 failed, 2 bad configuration; of `check --nagios`: ok, warning, critical, unknown. */
export type ExitCode = 0 | 1 | 2 | 3;
