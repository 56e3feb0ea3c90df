import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

// An Enterprise Manager with /query, written from the vendor's pages alone; told to lie where a test needs lies.

export type Told = {
  id: string;
  created: string;
  parentId?: string;
  jobType?: string;
  /** Its tasks' reasons. */
  tasks: readonly string[];
};

export type QueryDouble = {
  readonly url: string;
  /** Method and path, in the order they came. */
  readonly requests: string[];
  close(): Promise<void>;
};

export type Lies = {
  /** Replaces the answer of /query altogether. */
  readonly status?: number;
  readonly filterIgnored?: boolean;
  /** Rows to leave out. */
  readonly leavesOut?: (id: string) => boolean;
  readonly noPaging?: boolean;
  /** The biggest page, whatever is asked for. */
  readonly maxPageSize?: number;
  /** Shows the first row again on each later page. */
  readonly repeatsRows?: boolean;
  readonly wrongContent?: boolean;
  readonly noParentLinks?: boolean;
  readonly unstableOrder?: boolean;
};

const guid = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g;
const ns = 'xmlns="http://www.veeam.com/ent/v1.0"';
const server = 'addf6ac2-89d9-4f5c-b90b-2e63f84ac3da';

export const idOfNumber = (kind: number, number: number) =>
  `${String(kind).padStart(8, '0')}-0000-4000-8000-${String(number).padStart(12, '0')}`;

function sessionXml(told: Told, lies: Lies): string {
  const type = typeOf(told);
  const parent =
    told.parentId === undefined || lies.noParentLinks === true
      ? ''
      : `<Link Rel="Up" Type="BackupJobSessionReference" Name="Parent session" Href="http://x/api/backupSessions/${told.parentId}"/>`;
  return (
    `<BackupJobSession Type="BackupJobSession" Name="job@${told.created}" UID="urn:veeam:BackupJobSession:${told.id}" Href="http://x/api/backupSessions/${told.id}?format=Entity">` +
    `<Links><Link Rel="Up" Type="BackupServerReference" Name="vbr" Href="http://x/api/backupServers/${server}"/>${parent}</Links>` +
    `<JobUid>urn:veeam:Job:${server}</JobUid><JobName>${lies.wrongContent === true ? 'another' : 'job'}</JobName><JobType>${lies.wrongContent === true ? 'Backup' : type}</JobType>` +
    `<CreationTimeUTC>${told.created}</CreationTimeUTC><EndTimeUTC>2026-06-16T09:00:00Z</EndTimeUTC><State>Stopped</State><Result>Success</Result><Progress>100</Progress><IsRetry>false</IsRetry></BackupJobSession>`
  );
}

const typeOf = (told: Told) =>
  told.jobType ?? (told.parentId === undefined ? 'AgentBackup' : 'AgentManagement');

const taskXml = (told: Told, index: number) =>
  `<BackupTaskSession Type="BackupTaskSession" Name="pc@x" VmDisplayName="pc" UID="urn:veeam:BackupTaskSession:${told.id.replace(/^./, String(index + 1))}">` +
  `<Links/><JobSessionUid>urn:veeam:BackupJobSession:${told.id}</JobSessionUid><Result>Failed</Result><Reason>${told.tasks[index] ?? ''}</Reason><TotalSize>5</TotalSize></BackupTaskSession>`;

export async function startQueryDouble(all: readonly Told[], lies: Lies = {}): Promise<QueryDouble> {
  const byId = new Map(all.map((told) => [told.id, told]));
  const requests: string[] = [];
  let pages = 0;

  function send(request: IncomingMessage, response: ServerResponse, status: number, xml: string): void {
    const body = Buffer.from(`<?xml version="1.0" encoding="utf-8"?>${xml}`);
    if (String(request.headers['accept-encoding']).includes('gzip'))
      response.writeHead(status, { 'content-encoding': 'gzip' }).end(gzipSync(body));
    else response.writeHead(status).end(body);
  }

  function query(parameters: URLSearchParams): { status: number; xml: string } {
    if (lies.status !== undefined)
      return { status: lies.status, xml: `<Error ${ns} Message="no" StatusCode="${lies.status}"/>` };
    const isTasks = parameters.get('type') === 'BackupTaskSession';
    const filter = parameters.get('filter') ?? '';
    const asked = new Set(filter.match(guid));
    const types = Array.from(filter.matchAll(/JobType==(\w+)/g), ([, type]) => type);
    const from = /CreationTime>="([^"]+)"/.exec(filter)?.[1];
    const to = /CreationTime<"([^"]+)"/.exec(filter)?.[1];
    let wanted = all
      .filter(
        (told) =>
          lies.filterIgnored === true ||
          (from === undefined || to === undefined
            ? asked.has(told.id)
            : told.created >= from && told.created < to && types.includes(typeOf(told))),
      )
      .filter((told) => lies.leavesOut?.(told.id) !== true)
      .sort((a, b) => (a.created < b.created ? -1 : a.created > b.created ? 1 : 0));
    pages += 1;
    if (lies.unstableOrder === true) {
      // Equal times come in another order for each page.
      const turn = pages % Math.max(1, wanted.length);
      wanted = [...wanted.slice(turn), ...wanted.slice(0, turn)];
    }
    const rows = wanted.flatMap((told) =>
      isTasks ? told.tasks.map((_, index) => taskXml(told, index)) : [sessionXml(told, lies)],
    );
    const size = Math.min(Number(parameters.get('pageSize') ?? 100), lies.maxPageSize ?? 100_000);
    const page = Number(parameters.get('page') ?? 1);
    const count = Math.max(1, Math.ceil(rows.length / size));
    const shown = rows.slice((page - 1) * size, page * size);
    if (lies.repeatsRows === true && rows.length > 1) shown[shown.length - 1] = rows[0] ?? '';
    const root = isTasks ? 'BackupTaskSessions' : 'BackupJobSessions';
    const paging =
      lies.noPaging === true
        ? ''
        : `<PagingInfo PageNum="${page}" PageSize="${size}" PagesCount="${count}"><Links/></PagingInfo>`;
    return {
      status: 200,
      xml: `<QueryResult ${ns}><Entities><${root}>${shown.join('')}</${root}></Entities>${paging}</QueryResult>`,
    };
  }

  const http = createServer((request, response) => {
    request.resume();
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const url = new URL(request.url ?? '', 'http://x');
    if (request.method === 'POST')
      response
        .writeHead(201, { 'X-RestSvcSessionId': 't' })
        .end(`<LogonSession ${ns}><SessionId>${server}</SessionId></LogonSession>`);
    else if (request.method === 'DELETE') response.writeHead(204).end();
    else if (url.pathname === '/api/query') {
      const { status, xml } = query(url.searchParams);
      send(request, response, status, xml);
    } else {
      const told = byId.get(url.pathname.split('/')[3] ?? '');
      if (told === undefined)
        send(request, response, 404, `<Error ${ns} Message="not found" StatusCode="404"/>`);
      else if (url.pathname.endsWith('/taskSessions'))
        send(
          request,
          response,
          200,
          `<BackupTaskSessions ${ns}>${told.tasks.map((_, index) => taskXml(told, index)).join('')}</BackupTaskSessions>`,
        );
      else send(request, response, 200, sessionXml(told, {}));
    }
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}
