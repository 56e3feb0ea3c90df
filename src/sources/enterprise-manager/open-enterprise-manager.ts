import { SyncError } from '../../domain/sync-error.ts';
import type { Source } from '../source.ts';
import { baseUrl } from './base-url.ts';
import { openGiveUp } from './give-up.ts';
import { fingerprint, parserVersion } from './fingerprint.ts';
import { asError, judgeAnswer } from './judge-answer.ts';
import { openLearned } from './learned.ts';
import { holdLogon } from './logon.ts';
import { openSessionLookUp } from './look-up-sessions.ts';
import type { Ask } from './query-page.ts';
import { readComputerList, readJobList, readNewestCollection, readServerList } from './read-inventory.ts';
import { readSessionList } from './read-list.ts';
import { readRecord } from './read-record.ts';
import { openTaskReading } from './read-tasks.ts';
import { readChanges } from './read-changes.ts';
import { readWindow } from './read-window.ts';
import { defaultRetryPolicy, type RetryPolicy } from './retry-delay.ts';
import type { TlsOptions } from './tls-connector.ts';
import { defaultTimeouts, openTransport, type Answer, type Timeouts } from './transport.ts';

/** What happened on the way, for logs; never holds a secret. */
export type ConnectionEvent =
  | { readonly kind: 'retry'; readonly reason: string; readonly delayMs: number }
  | { readonly kind: 'logon-again' };

export type EnterpriseManagerOptions = {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly tls?: TlsOptions;
  readonly allowHttp?: boolean;
  /** Requests at once. */
  readonly concurrency: number;
  /** `auto`: sessions and tasks are looked up many at a time where EM answers that truthfully. */
  readonly batch?: 'auto' | 'off';
  /** Ends every request; the logoff is still sent. */
  readonly signal: AbortSignal;
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<RetryPolicy>;
  readonly onEvent?: (event: ConnectionEvent) => void;
  /** What `onLearned` said last, of this Enterprise Manager; anything else is as good as nothing. */
  readonly learned?: unknown;
  /** Told what this EM can and cannot do, as JSON data, whenever that changes. */
  readonly onLearned?: (learned: unknown) => void;
};

/** "Only those of the last 30 days": the vendor's word on every list of sessions. */
const listReachMs = 30 * 86_400_000;

/**
 * One Enterprise Manager within one logon, which is made at the first request. Links in its answers are never followed:
 * they carry whatever host EM believes in, and the token goes to the configured origin only. Throws SyncError
 * `permanent` for an address that must not be used.
 */
export function openEnterpriseManager(options: EnterpriseManagerOptions): Source {
  return sourceOver(openConnection(options), options);
}

/** The source within a connection that is open already. */
export function sourceOver(connection: Connection, options: EnterpriseManagerOptions): Source {
  const { ask } = connection;
  const learned = openLearned(options.learned, options.onLearned ?? (() => undefined));
  const lookUpOptions = {
    ask,
    learned,
    isBatchAllowed: options.batch !== 'off',
    concurrency: options.concurrency,
  };
  const lookUp = openSessionLookUp({ ...lookUpOptions, giveUp: openGiveUp() });
  const readTasks = openTaskReading({ ...lookUpOptions, giveUp: openGiveUp() });

  /** What the account may not be allowed to read, or EM may not have. */
  async function readOptional<T>(path: string, read: (answer: Answer) => Promise<T>): Promise<T | undefined> {
    const { answer, judgement } = await ask(path, { isList: true });
    if (judgement.as === 'document') return read(answer);
    if (answer.status === 404 || judgement.as === 'forbidden') return undefined;
    throw asError(judgement);
  }

  return {
    listReachMs,
    parser: parserVersion,
    logOn: connection.logOn,
    list: async (form, isKnown) => readSessionList(await connection.askForList(form), isKnown),
    lookUp,
    readWindow: (window) => readWindow(ask, window),
    readChanges: (since) => readChanges(ask, since),
    readTasks,
    readJobs: () => readOptional('/agents/jobs?format=Entity', readJobList),
    readServers: () => readOptional('/backupServers?format=Entity', readServerList),
    readComputers: () => readOptional('/agents/discoveredComputers?format=Entity', readComputerList),
    readCollectedAt: () => readOptional('/systemSessions?format=Entity', readNewestCollection),
    parseText: (text, form) => {
      const bytes = Buffer.from(text);
      const record = readRecord({ name: '', bytes, fingerprint: fingerprint(bytes, form), fault: '' });
      if (record === undefined) throw new SyncError('contract', `A kept ${form} record is none.`);
      return record;
    },
    usage: connection.usage,
    close: connection.close,
  };
}

export type Connection = ReturnType<typeof openConnection>;

/** The logon and the ways to ask within it. */
export function openConnection(options: EnterpriseManagerOptions) {
  const transport = openTransport({
    origin: baseUrl(options.url, options.allowHttp ?? false),
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
  const ask: Ask = async (path, how = {}) => {
    const answer = await logon.send({ method: 'GET', path, ...how });
    return { answer, judgement: await judgeAnswer(answer) };
  };
  return {
    ask,
    logOn: logon.begin,
    /** What a run cannot do without: a 403 may be a token that went stale, so it is worth a new logon. */
    askForList: async (form: 'auto' | 'entity' | 'reference'): Promise<Answer> => {
      const path = `/agents/backupSessions${form === 'reference' ? '' : '?format=Entity'}`;
      const answer = await logon.send({ method: 'GET', path, isList: true }, true);
      const judgement = await judgeAnswer(answer);
      if (judgement.as !== 'document') throw asError(judgement);
      return answer;
    },
    usage: transport.usage,
    close: async (): Promise<void> => {
      await logon.end();
      await transport.close();
    },
  };
}
