import { printable } from '../../domain/printable.ts';
import { SyncError } from '../../domain/sync-error.ts';
import type { Finding, Source } from '../source.ts';
import { baseUrl } from './base-url.ts';
import { askInBatch } from './batch.ts';
import { examineCertificate } from './examine-certificate.ts';
import { openLearned } from './learned.ts';
import { sessionsByUid } from './look-up-sessions.ts';
import {
  openConnection,
  sourceOver,
  type Connection,
  type EnterpriseManagerOptions,
} from './open-enterprise-manager.ts';
import { examineReach } from './examine-reach.ts';
import { readSessionList } from './read-list.ts';

/**
 * Looks at one Enterprise Manager from its address to the account's rights; stops at the fault that hides the rest. What EM
 * says of itself comes without control characters.
 */
export async function* examineEnterpriseManager(options: EnterpriseManagerOptions): AsyncGenerator<Finding> {
  for await (const { verdict, what } of examine(options)) yield { verdict, what: printable(what) };
}

async function* examine(options: EnterpriseManagerOptions): AsyncGenerator<Finding> {
  let connection: Connection | undefined;
  try {
    const origin = baseUrl(options.url, options.allowHttp ?? false);
    if (origin.protocol === 'https:') yield await examineTls(origin, options);
    else yield { verdict: 'warning', what: 'TLS: none, user name and password travel unencrypted' };
    connection = openConnection({ ...options, retry: { attempts: 1 } });
    const source = sourceOver(connection, options);
    yield* examineRights(source, options);
    yield* examineList(connection);
    yield* examineReach(connection, source);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    yield { verdict: 'bad', what: error.message };
  } finally {
    await connection?.close();
  }
}

async function* examineRights(
  source: Source,
  { username }: EnterpriseManagerOptions,
): AsyncGenerator<Finding> {
  const servers = await source.readServers();
  yield { verdict: 'good', what: `logon: "${username}" is accepted` };
  yield servers === undefined
    ? { verdict: 'warning', what: 'backup servers: may not be read; their names come from the sessions' }
    : {
        verdict: 'good',
        what: `backup servers: ${servers.map((server) => `${server.name} ${server.version ?? ''}`.trim()).join(', ')}`,
      };
  yield (await source.readJobs()) === undefined
    ? {
        verdict: 'warning',
        what: 'jobs: may not be read (needs Portal Administrator); names come from the sessions, schedules stay unknown',
      }
    : { verdict: 'good', what: 'jobs: can be read' };
  yield (await source.readCollectedAt()) === undefined
    ? {
        verdict: 'warning',
        what: 'data collection: its times are not shown to this account; freshness is judged by the newest session',
      }
    : { verdict: 'good', what: 'data collection: its times can be read' };
}

async function examineTls(origin: URL, options: EnterpriseManagerOptions): Promise<Finding> {
  try {
    const certificate = await examineCertificate(origin, 10_000);
    const what = `TLS: certificate of "${certificate.subject}" until ${certificate.validTo}, EM_CERT_SHA256=${certificate.sha256}`;
    const isConfigured = options.tls?.caPem !== undefined || options.tls?.certSha256 !== undefined;
    if (options.tls?.insecure === true)
      return { verdict: 'warning', what: `${what}; EM_TLS_INSECURE accepts any: pin it instead` };
    return { verdict: certificate.isTrusted || isConfigured ? 'good' : 'warning', what };
  } catch (error) {
    return {
      verdict: 'bad',
      what: `TLS: ${origin.host}: ${(error as Error).message}. Is the port right (usually 9398)?`,
    };
  }
}

/** So many sessions are asked for at once, to see whether that can be done. */
const sampleSize = 20;

/** Opens the list in its leanest way: as soon as its first records are known it is let go. */
async function* examineList(connection: Connection): AsyncGenerator<Finding> {
  const answer = await connection.askForList('auto');
  const list = await readSessionList(answer, () => false);
  const ids: string[] = [];
  let count = 0;
  for await (const group of list.groups) {
    count += group.count;
    for (const record of group.records)
      if (record.as === 'session' || record.as === 'reference') ids.push(record.session.id);
    break;
  }
  const form =
    list.form === 'entity'
      ? 'whole entities: one request a poll'
      : 'references: new sessions are looked up, many at a time where that can be done';
  yield { verdict: 'good', what: `session list: ${form}${count === 0 ? '; it is empty' : ''}` };
  const encoding = answer.header('content-encoding');
  yield encoding === undefined
    ? {
        verdict: 'warning',
        what: 'compression: not done by this Enterprise Manager; lists come in full size',
      }
    : { verdict: 'good', what: `compression: ${encoding}` };
  if (ids.length > 0) yield examineBatches(connection, ids.slice(0, sampleSize));
}

async function examineBatches(connection: Connection, ids: readonly string[]): Promise<Finding> {
  const learned = openLearned(null, () => undefined);
  const found = await askInBatch(connection.ask, learned, sessionsByUid, ids);
  const answered = [...(found?.values() ?? [])].filter((rows) => rows.length === 1).length;
  if (answered === ids.length)
    return { verdict: 'good', what: 'batches: /query finds many sessions at once' };
  const reason =
    found === undefined
      ? (learned.why('sessions') ?? '/query is busy')
      : `/query finds ${answered} of ${ids.length} sessions`;
  return { verdict: 'warning', what: `batches: ${reason}; sessions and tasks are asked for singly` };
}
