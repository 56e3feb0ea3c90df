import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { makeSessions } from './make-sessions.ts';
import { answerQuery } from './query.ts';
import { namespaces, prolog, renderEntity, renderList, renderReference } from './render-session.ts';

/**
 * The Enterprise Manager of the measurements, a process of its own: everything is rendered before it says its address, so that
 * answering costs next to nothing. Arguments: number of sessions, seed, milliseconds that a request by id takes,
 * `gzip` for one that compresses where it is asked to.
 */
const [count = '1000', seed = 'em', latencyMs = '0', compression = ''] = process.argv.slice(2);
const sessions = makeSessions(Number(count), seed);
const entityList = renderList(sessions, 'BackupJobSessions', renderEntity);
const referenceList = renderList(sessions, 'EntityReferences', renderReference);
const compressed = new Map<Buffer, Buffer>(
  compression === 'gzip' ? [entityList, referenceList].map((list) => [list, gzipSync(list)]) : [],
);
const byId = new Map(sessions.map((session) => [session.id, session]));
const logonId = '5f4dcc3b-5aa7-65d6-1d83-27deb882cf99';

function send(
  response: ServerResponse,
  status: number,
  body: Buffer | string,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(status, {
      'content-type': 'application/xml',
      'content-length': String(Buffer.byteLength(body)),
      ...headers,
    })
    .end(body);
}

async function answer(method: string, url: string, accepts: string, response: ServerResponse): Promise<void> {
  const [path = '', query = ''] = url.split('?');
  const sendLong = (body: Buffer) => {
    if (compression !== 'gzip' || !accepts.includes('gzip')) send(response, 200, body);
    else send(response, 200, compressed.get(body) ?? gzipSync(body), { 'content-encoding': 'gzip' });
  };
  if (method === 'POST') {
    const body = `${prolog}<LogonSession ${namespaces}><SessionId>${logonId}</SessionId></LogonSession>`;
    send(response, 201, body, { 'x-restsvcsessionid': logonId });
  } else if (method === 'DELETE') {
    response.writeHead(204).end();
  } else if (path === '/api/agents/backupSessions') {
    sendLong(query === 'format=Entity' ? entityList : referenceList);
  } else if (path === '/api/query') {
    const body = answerQuery(sessions, byId, new URLSearchParams(query));
    if (Number(latencyMs) > 0) await sleep(Number(latencyMs));
    if (body === undefined)
      send(response, 400, `${prolog}<Error ${namespaces} Message="Not in this grammar." StatusCode="400" />`);
    else sendLong(Buffer.from(body));
  } else {
    const session = /^\/api\/backupSessions\/([\da-f-]{36})$/.exec(path)?.[1];
    const found = session === undefined ? undefined : byId.get(session);
    if (Number(latencyMs) > 0) await sleep(Number(latencyMs));
    if (found !== undefined) send(response, 200, prolog + renderEntity(found, ` ${namespaces}`));
    else
      send(
        response,
        404,
        `${prolog}<Error ${namespaces} Message="There is no such resource." StatusCode="404" />`,
      );
  }
}

const server = createServer((request, response) => {
  request.resume();
  void answer(request.method ?? '', request.url ?? '', String(request.headers['accept-encoding']), response);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
// Whoever started it holds this open; it must not outlive that one.
process.stdin.resume().on('end', () => process.exit(0));
