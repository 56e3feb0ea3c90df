import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a test's Enterprise Manager knows of a session: plain words, written as XML by this file alone. */
export type DoubleSession = {
  id: string;
  name: string;
  jobType: string;
  jobId: string;
  jobName: string;
  serverId: string;
  serverName: string;
  parentId?: string;
  created: string;
  ended?: string;
  state: string;
  result: string;
  progress?: number;
  isRetry?: boolean;
  /** Further elements, as XML. */
  more?: string;
};

export type DoubleTask = {
  id: string;
  sessionId: string;
  machine: string;
  result: string;
  reason: string;
  size: string;
  created: string;
  ended: string;
};

export type EmDouble = {
  readonly url: string;
  readonly sessions: DoubleSession[];
  /** Known by id, not listed. */
  readonly unlisted: DoubleSession[];
  readonly tasks: DoubleTask[];
  readonly requests: string[];
  readonly logons: Set<string>;
  /** Answers instead of the double, when it returns true. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  form: 'entity' | 'reference';
  close(): Promise<void>;
};

const text = (value: string) =>
  value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replace(/[\u{80}-\u{10ffff}]/gu, (char) => `&#${char.codePointAt(0) ?? 0};`);

function links(s: DoubleSession): string {
  const up = (type: string, path: string, name: string) =>
    `<Link Type="${type}" Name='${text(name).replaceAll("'", '&apos;')}' Href="http://elsewhere.example:9399/api/${path}" Rel="Up"/>`;
  return (
    '<Links>' +
    (s.parentId === undefined
      ? ''
      : up('BackupJobSessionReference', `backupSessions/${s.parentId.toUpperCase()}`, 'Parent session')) +
    up('JobReference', `agents/jobs/${s.jobId}`, s.jobName) +
    up('BackupServerReference', `backupServers/${s.serverId}`, s.serverName) +
    (s.jobType === 'AgentBackup'
      ? `<Link Rel="Alternate" Type="BackupJobSessionReferenceList" Href="http://elsewhere.example/x"/>`
      : '') +
    '</Links>'
  );
}

export function entity(s: DoubleSession, ns = ''): string {
  return (
    `<BackupJobSession${ns} Name="${text(s.name)}" Type="BackupJobSession" UID="urn:veeam:BackupJobSession:${s.id}" Href="http://elsewhere.example/api/backupSessions/${s.id}?format=Entity">\n  ` +
    `${links(s)}<JobUid>urn:veeam:Job:${s.jobId}</JobUid><JobName>${text(s.jobName)}</JobName><JobType>${s.jobType}</JobType>` +
    `<CreationTimeUTC>${s.created}</CreationTimeUTC>${s.ended === undefined ? '' : `<EndTimeUTC>${s.ended}</EndTimeUTC>`}` +
    `<State>${s.state}</State><Result>${s.result}</Result><Progress>${s.progress ?? 0}</Progress>${s.more ?? ''}<IsRetry>${s.isRetry ?? false}</IsRetry></BackupJobSession>`
  );
}

const reference = (s: DoubleSession) =>
  `<Ref UID="urn:veeam:BackupJobSession:${s.id}" Name="${text(s.name)}" Href="http://elsewhere.example/api/backupSessions/${s.id}" Type="BackupJobSessionReference">${links(s)}</Ref>`;

const task = (t: DoubleTask) =>
  `<BackupTaskSession Type="BackupTaskSession" Href="http://x/api/backupTaskSessions/${t.id}" Name="${text(t.machine)}@${t.created}" UID="urn:veeam:BackupTaskSession:${t.id}" VmDisplayName="${text(t.machine)}">` +
  `<Links/><JobSessionUid>urn:veeam:BackupJobSession:${t.sessionId}</JobSessionUid><CreationTimeUTC>${t.created}</CreationTimeUTC><EndTimeUTC>${t.ended}</EndTimeUTC>` +
  `<State>Completed</State><Result>${t.result}</Result><Reason>${text(t.reason)}</Reason><TotalSize>${t.size}</TotalSize></BackupTaskSession>`;

const ns = ' xmlns="http://www.veeam.com/ent/v1.0"';
const xml = (root: string, content: string) =>
  `<?xml version="1.0" encoding="utf-8"?><${root}${ns}>${content}</${root}>`;

/** An Enterprise Manager that shows exactly the sessions a test gives it. It knows jobs and servers by their sessions only. */
export async function startEmDouble(): Promise<EmDouble> {
  const sessions: DoubleSession[] = [];
  const unlisted: DoubleSession[] = [];
  const tasks: DoubleTask[] = [];
  const requests: string[] = [];
  const logons = new Set<string>();
  const double = {
    sessions,
    unlisted,
    tasks,
    requests,
    logons,
    intercept: undefined,
    form: 'entity',
  } as Omit<EmDouble, 'url' | 'close'>;

  const server = createServer((request, response) => {
    request.resume();
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (double.intercept?.(request, response) === true) return;
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const send = (status: number, body: string, headers: Record<string, string> = {}) =>
      response.writeHead(status, { 'Content-Type': 'application/xml', ...headers }).end(body);
    if (request.method === 'POST') {
      const id = crypto.randomUUID();
      logons.add(id);
      send(201, xml('LogonSession', `<SessionId>${id}</SessionId>`), { 'X-RestSvcSessionId': id });
      return;
    }
    if (request.method === 'DELETE') {
      logons.delete(pathname.split('/').at(-1) ?? '');
      send(204, '');
      return;
    }
    if (!logons.has(String(request.headers['x-restsvcsessionid']))) {
      send(401, '<Error Message="expired" StatusCode="401"/>');
      return;
    }
    const isEntity = searchParams.get('format') === 'Entity';
    const [, , resource, id, sub] = pathname.split('/');
    if (pathname === '/api/agents/backupSessions') {
      if (isEntity && double.form === 'entity')
        send(200, xml('BackupJobSessions', sessions.map((s) => entity(s)).join('\n')));
      else send(200, xml('EntityReferences', sessions.map(reference).join('')));
      return;
    }
    const found = [...sessions, ...unlisted].find((s) => s.id === id);
    if (resource !== 'backupSessions' || found === undefined) {
      send(404, '<Error Message="not found" StatusCode="404"/>');
      return;
    }
    if (sub === 'taskSessions')
      send(
        200,
        xml(
          'BackupTaskSessions',
          tasks
            .filter((t) => t.sessionId === id)
            .map(task)
            .join(''),
        ),
      );
    else send(200, entity(found, ns));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(double, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
