import type { IncomingMessage } from 'node:http';
import { answer } from './answer.ts';
import type { Answering } from './answering.ts';
import type { Logons } from './logons.ts';
import { BadFilter } from './parse-filter.ts';
import { problem, type Reply } from './reply.ts';

export type Account = { readonly username: string; readonly password: string };

const challenge = { 'WWW-Authenticate': 'Basic Realm=RestSvc' };

/** Answers a request as Enterprise Manager does: discovery and logon for all, the rest for those who are logged on. */
export function route(context: Answering, logons: Logons, account: Account, request: IncomingMessage): Reply {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (!url.pathname.startsWith('/api')) return problem(404, 'There is nothing here.');
  const path = url.pathname.slice('/api'.length).replace(/\/$/, '');
  if (path === '') {
    return {
      status: 200,
      body: `<?xml version="1.0"?><EnterpriseManager xmlns="http://www.veeam.com/ent/v1.0"><SupportedVersions><SupportedVersion Name="v1_7" /></SupportedVersions></EnterpriseManager>`,
    };
  }
  if (path === '/sessionMngr') return logOn(context, logons, account, request);
  if (!logons.use(tokenOf(request)))
    return { ...problem(401, 'The session has expired or was never opened.'), headers: challenge };
  if (request.method === 'DELETE') {
    const id = /^\/logonSessions\/([\da-f-]{36})$/i.exec(path)?.[1];
    return id !== undefined && logons.close(id)
      ? { status: 204, body: '' }
      : problem(404, 'There is no such session.');
  }
  if (request.method !== 'GET') return problem(405, 'This method is not allowed here.');
  try {
    return answer(context, path, url.searchParams);
  } catch (error) {
    if (error instanceof BadFilter) return problem(400, error.message);
    throw error;
  }
}

function logOn({ style }: Answering, logons: Logons, account: Account, request: IncomingMessage): Reply {
  if (request.method !== 'POST') return problem(405, 'POST opens a session.');
  const expected = Buffer.from(`${account.username}:${account.password}`).toString('base64');
  if (request.headers.authorization !== `Basic ${expected}`)
    return { ...problem(401, 'The user name or password is incorrect'), headers: challenge };
  const { token, id } = logons.open();
  return {
    status: 201,
    headers: { 'X-RestSvcSessionId': token, 'Set-Cookie': `X-RestSvcSessionId=${token}; Path=/api;` },
    body: `<?xml version="1.0" encoding="utf-8"?><LogonSession xmlns="http://www.veeam.com/ent/v1.0" Type="LogonSession" Href="${style.hrefBase}/api/logonSessions/${id}"><UserName>demo</UserName><SessionId>${id}</SessionId></LogonSession>`,
  };
}

/** EM prefers a cookie to the header, when it gets both. */
function tokenOf(request: IncomingMessage): string | undefined {
  const cookie = /(?:^|;\s*)X-RestSvcSessionId=([^;]+)/i.exec(request.headers.cookie ?? '')?.[1];
  const header = request.headers['x-restsvcsessionid'];
  return cookie ?? (Array.isArray(header) ? header[0] : header);
}
