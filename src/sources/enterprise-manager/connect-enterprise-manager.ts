import type { BackupTask } from '../../domain/backup-task.ts';
import type { BackupJob, BackupServer, DiscoveredComputer } from '../../domain/inventory.ts';
import type { KnownRecords } from '../../domain/known-records.ts';
import type { ListForm } from '../../domain/sync-run.ts';
import { SyncError } from '../../domain/sync-error.ts';
import type { Timestamp } from '../../domain/timestamp.ts';
import { baseUrl } from './base-url.ts';
import { holdLogon } from './logon.ts';
import { queryPath, readQueryPage } from './query.ts';
import { readComputerList, readJobList, readNewestCollection, readServerList } from './read-inventory.ts';
import { readSessionList } from './read-session-list.ts';
import { readSessionRecord, type ReadRecord } from './read-session-record.ts';
import { readTaskList } from './read-tasks.ts';
import { readWhole } from './read-whole.ts';
import { splitRecords } from './record-splitter.ts';
import { defaultRetryPolicy, type RetryPolicy } from './retry-delay.ts';
import type { TlsOptions } from './tls-connector.ts';
import { defaultTimeouts, openTransport, type Answer, type Timeouts } from './transport.ts';

/** What happened on the way, for logs; never holds a secret. */
export type ConnectionEvent =
  | { readonly kind: 'retry'; readonly reason: string; readonly delayMs: number }
  | { readonly kind: 'logon-again' };

export type ConnectOptions = {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly tls?: TlsOptions;
  readonly allowHttp?: boolean;
  /** Requests at once. */
  readonly concurrency: number;
  /** Ends every request; the logoff is still sent. */
  readonly signal: AbortSignal;
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<RetryPolicy>;
  readonly onEvent?: (event: ConnectionEvent) => void;
};

const maxDocumentBytes = 256 * 1024 * 1024;
const maxEntityBytes = 4 * 1024 * 1024;

/**
 * One Enterprise Manager within one logon, which is made at the first request. Links in its answers are never followed:
 * they carry whatever host EM believes in, and the token goes to the configured origin only. Throws SyncError
 * `permanent` for an address that must not be used; the methods throw SyncErrors of every kind.
 */
export function connectEnterpriseManager(options: ConnectOptions) {
  const origin = baseUrl(options.url, options.allowHttp ?? false);
  const transport = openTransport({
    origin,
    tls: options.tls ?? {},
    concurrency: options.concurrency,
    signal: options.signal,
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    retry: { ...defaultRetryPolicy, ...options.retry },
    onRetry: (reason, delayMs) => options.onEvent?.({ kind: 'retry', reason, delayMs }),
  });
  const logon = holdLogon(transport, options, options.signal, () =>
    options.onEvent?.({ kind: 'logon-again' }),
  );

  /** What a run cannot do without: a 403 may be a token that went stale, so it is worth a new logon. */
  const getRequired = (path: string, accept: readonly number[] = [], isList = false) =>
    logon.send({ method: 'GET', path, accept, isList }, [401, 403]);

  /** What the account may not be allowed to read, or EM may not have. */
  async function getOptional<T>(path: string, read: (body: Uint8Array) => T): Promise<T | undefined> {
    const answer = await logon.send({ method: 'GET', path, accept: [403, 404], isList: true }, [401]);
    const body = await readWhole(answer, maxDocumentBytes);
    return answer.status === 200 ? read(body) : undefined;
  }

  async function getOrAbsent(path: string): Promise<Buffer | undefined> {
    const answer: Answer = await getRequired(path, [404]);
    const body = await readWhole(answer, maxDocumentBytes);
    return answer.status === 404 ? undefined : body;
  }

  return {
    logOn: logon.begin,

    listSessions: async (form: ListForm | 'auto', known?: KnownRecords) =>
      readSessionList(
        await getRequired(`/agents/backupSessions${form === 'reference' ? '' : '?format=Entity'}`, [], true),
        known,
      ),

    parseRecord: readSessionRecord,

    readSession: async (id: string): Promise<ReadRecord | undefined> => {
      const answer = await getRequired(`/backupSessions/${id}?format=Entity`, [404]);
      const body = await readWhole(answer, maxEntityBytes);
      if (answer.status === 404) return undefined;
      const splitter = splitRecords(new Set(['BackupJobSession']));
      const { records, broken } = splitter.push(body);
      const [record] = records;
      if (record === undefined) {
        const what = broken?.message ?? `has the root <${splitter.root() ?? ''}>`;
        throw new SyncError('contract', `The answer for session ${id} ${what}.`, { cause: broken });
      }
      const read = readSessionRecord(record.bytes, 'entity');
      if (read.as !== 'unreadable' && read.session.id !== id) {
        throw new SyncError(
          'contract',
          `Enterprise Manager answered with session ${read.session.id} when asked for ${id}.`,
        );
      }
      return read;
    },

    readTasks: async (sessionId: string): Promise<readonly BackupTask[] | undefined> => {
      const body = await getOrAbsent(`/backupSessions/${sessionId}/taskSessions?format=Entity`);
      if (body === undefined) return undefined;
      const { tasks, references } = readTaskList(body, sessionId);
      if (references.length === 0) return tasks;
      const read: BackupTask[] = [];
      for (const id of references) {
        const task = await getOrAbsent(`/backupTaskSessions/${id}?format=Entity`);
        if (task !== undefined) read.push(...readTaskList(task, sessionId).tasks);
      }
      return read;
    },

    readJobs: (): Promise<readonly BackupJob[] | undefined> =>
      getOptional('/agents/jobs?format=Entity', readJobList),

    readServers: (): Promise<readonly BackupServer[] | undefined> =>
      getOptional('/backupServers?format=Entity', readServerList),

    readComputers: (): Promise<readonly DiscoveredComputer[] | undefined> =>
      getOptional('/agents/discoveredComputers?format=Entity', readComputerList),

    readCollectedAt: async (): Promise<Timestamp | undefined> =>
      (await getOptional('/systemSessions?format=Entity', readNewestCollection)) ?? undefined,

    querySessions: async (window: { readonly from: Timestamp; readonly to: Timestamp }, page: number) => {
      const answer = await getRequired(queryPath(window, page));
      return readQueryPage(await readWhole(answer, maxDocumentBytes), window);
    },

    usage: transport.usage,

    close: async (): Promise<void> => {
      await logon.end();
      await transport.close();
    },
  };
}
