import { SyncError } from '../../domain/sync-error.ts';
import { baseUrl } from './base-url.ts';
import { connectEnterpriseManager, type ConnectOptions } from './connect-enterprise-manager.ts';
import { examineCertificate } from './examine-certificate.ts';

/** A finding of the doctor: good, a warning to know of, or a fault to mend. */
export type Finding = { readonly verdict: 'good' | 'warning' | 'bad'; readonly what: string };

/** Looks at one Enterprise Manager from its address to the account's rights; stops at the fault that hides the rest. */
export async function* examineEnterpriseManager(options: ConnectOptions): AsyncGenerator<Finding> {
  let em: ReturnType<typeof connectEnterpriseManager> | undefined;
  try {
    const origin = baseUrl(options.url, options.allowHttp ?? false);
    if (origin.protocol === 'https:') yield await examineTls(origin, options);
    else yield { verdict: 'warning', what: 'TLS: none, user name and password travel unencrypted' };
    em = connectEnterpriseManager({ ...options, retry: { attempts: 1 } });
    const servers = await em.readServers();
    yield { verdict: 'good', what: `logon: "${options.username}" is accepted` };
    yield servers === undefined
      ? { verdict: 'warning', what: 'backup servers: may not be read; their names come from the sessions' }
      : {
          verdict: 'good',
          what: `backup servers: ${servers.map((server) => `${server.name} ${server.version ?? ''}`.trim()).join(', ')}`,
        };
    yield (await em.readJobs()) === undefined
      ? {
          verdict: 'warning',
          what: 'jobs: may not be read (needs Portal Administrator); names come from the sessions, schedules stay unknown',
        }
      : { verdict: 'good', what: 'jobs: can be read' };
    yield (await em.readCollectedAt()) === undefined
      ? {
          verdict: 'warning',
          what: 'data collection: its times are not shown to this account; freshness is judged by the newest session',
        }
      : { verdict: 'good', what: 'data collection: its times can be read' };
    yield await examineList(em);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    yield { verdict: 'bad', what: error.message };
  } finally {
    await em?.close();
  }
}

async function examineTls(origin: URL, options: ConnectOptions): Promise<Finding> {
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

/** Opens the list in its leanest way: as soon as its form is known it is let go. */
async function examineList(em: ReturnType<typeof connectEnterpriseManager>): Promise<Finding> {
  const list = await em.listSessions('auto');
  let records = 0;
  for await (const group of list.records) {
    records += group.length;
    break;
  }
  const form =
    list.form === 'entity'
      ? 'whole entities: one request a poll'
      : 'references: one request for each new session';
  return { verdict: 'good', what: `session list: ${form}${records === 0 ? '; it is empty' : ''}` };
}
