import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  createServer as createHttp,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { examineEnterpriseManager } from '../../../src/sources/enterprise-manager/examine-enterprise-manager.ts';
import {
  openEnterpriseManager,
  type EnterpriseManagerOptions,
} from '../../../src/sources/enterprise-manager/open-enterprise-manager.ts';
import type { Source, TasksAnswer } from '../../../src/sources/source.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'utf8');
const certificate = fixture('server.pem');
const fingerprint = new X509Certificate(certificate).fingerprint256;
const servers: Server[] = [];
const requests: IncomingMessage[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
  requests.length = 0;
});

async function serve(protocol: 'http' | 'https', listener: RequestListener): Promise<string> {
  const noted: RequestListener = (request, response) => {
    request.resume();
    requests.push(request);
    listener(request, response);
  };
  const server =
    protocol === 'http'
      ? createHttp(noted)
      : createHttps({ key: fixture('server.key'), cert: certificate }, noted);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const logonId = '8ba90554-4cb0-4979-b4cc-00887fcd1caa';
const emptyList = '<BackupJobSessions xmlns="http://www.veeam.com/ent/v1.0"/>';
/** The least that is an Enterprise Manager; `get` answers everything but logon and logoff. */
const em =
  (get: RequestListener): RequestListener =>
  (request, response) => {
    if (request.method === 'POST')
      response
        .writeHead(201, { 'x-ReStSvcSessionId': 'tok3n', 'Set-Cookie': 'X-RestSvcSessionId=tok3n' })
        .end(`<LogonSession><SessionId>${logonId}</SessionId></LogonSession>`);
    else if (request.method === 'DELETE') response.writeHead(204).end();
    else get(request, response);
  };
const list = em((_, response) => response.end(emptyList));

function connect(url: string, options: Partial<EnterpriseManagerOptions> = {}): Source {
  return openEnterpriseManager({
    url,
    username: 'reader',
    password: 'pässw0rd',
    concurrency: 4,
    signal: new AbortController().signal,
    batch: 'off',
    retry: { attempts: 2, baseMs: 1, maxMs: 1 },
    ...options,
  });
}

async function readAll(client: Source): Promise<number> {
  let records = 0;
  for await (const group of (await client.list('auto', () => false)).groups) records += group.count;
  await client.close();
  return records;
}

async function readTasksOf(client: Source, ids: readonly string[]): Promise<readonly TasksAnswer[]> {
  const answers: TasksAnswer[] = [];
  for await (const answer of client.readTasks(ids)) answers.push(answer);
  return answers;
}

describe('certificates', () => {
  it.each<[string, EnterpriseManagerOptions['tls']]>([
    ['its own authority', { caPem: certificate }],
    ['its fingerprint', { certSha256: fingerprint }],
    [
      'its fingerprint without colons, in lower case',
      { certSha256: fingerprint.replaceAll(':', '').toLowerCase() },
    ],
    ['any, when told so', { insecure: true }],
  ])('accepts a self-signed one by %s', async (_, tls = {}) => {
    expect(await readAll(connect(await serve('https', list), { tls }))).toBe(0);
  });

  it('refuses one nobody vouches for, says what to set, and sends nothing', async () => {
    await expect(readAll(connect(await serve('https', list)))).rejects.toMatchObject({
      kind: 'permanent',
      message: expect.stringMatching(/EM_CA_FILE.*EM_CERT_SHA256/) as string,
    });
    expect(requests).toEqual([]);
  });

  it('refuses another one than the pinned, says which it was, and sends nothing', async () => {
    const client = connect(await serve('https', list), {
      tls: { certSha256: 'ab'.repeat(32), caPem: certificate },
    });
    await expect(readAll(client)).rejects.toMatchObject({
      kind: 'permanent',
      message: expect.stringContaining(fingerprint) as string,
    });
    expect(requests).toEqual([]);
  });

  it('says when the port speaks no TLS', async () => {
    const url = (await serve('http', list)).replace('http', 'https');
    await expect(readAll(connect(url))).rejects.toMatchObject({
      kind: 'permanent',
      message: expect.stringMatching(/No TLS.*9398/) as string,
    });
  });

  it('are shown by the doctor', async () => {
    const findings = [];
    for await (const finding of examineEnterpriseManager({
      url: await serve('https', list),
      username: 'reader',
      password: 'x',
      concurrency: 1,
      signal: new AbortController().signal,
    })) {
      findings.push(finding);
    }
    expect(findings).toEqual([
      { verdict: 'warning', what: expect.stringContaining(`EM_CERT_SHA256=${fingerprint}`) as string },
      { verdict: 'bad', what: expect.stringContaining('not trusted') as string },
    ]);
  });
});

describe('the logon', () => {
  it('is one for all, carries UTF-8, and is ended', async () => {
    const client = connect(
      await serve(
        'http',
        em((_, response) => response.writeHead(404).end()),
      ),
    );
    await readTasksOf(
      client,
      Array.from({ length: 20 }, (_, index) => `${index}`),
    );
    await client.close();
    const sent = requests.map((request) => request.method);
    expect(sent.filter((method) => method === 'POST')).toHaveLength(1);
    expect(sent.at(-1)).toBe('DELETE');
    expect(requests.at(-1)?.url).toBe(`/api/logonSessions/${logonId}`);
    expect(requests[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('reader:pässw0rd').toString('base64')}`,
    );
    expect(requests[0]?.headers['content-length']).toBe('0');
    expect(requests.some((request) => request.headers.cookie !== undefined)).toBe(false);
    expect(
      requests
        .slice(1)
        .every(
          (request) =>
            request.headers['x-restsvcsessionid'] === 'tok3n' && request.headers.authorization === undefined,
        ),
    ).toBe(true);
  });

  it('is renewed once for all that were refused together', async () => {
    let token = 0;
    const url = await serve('http', (request, response) => {
      if (request.method === 'POST')
        response.writeHead(201, { 'X-RestSvcSessionId': String((token += 1)) }).end('<LogonSession/>');
      else response.writeHead(request.headers['x-restsvcsessionid'] === '1' ? 401 : 404).end();
    });
    const client = connect(url);
    await readTasksOf(
      client,
      Array.from({ length: 12 }, (_, index) => `${index}`),
    );
    await client.close();
    expect(token).toBe(2);
  });

  it('is ended even when everything else was stopped', async () => {
    const stop = new AbortController();
    const url = await serve(
      'http',
      em(() => stop.abort()),
    );
    const client = connect(url, { signal: stop.signal });
    await expect(readAll(client)).rejects.toMatchObject({ kind: 'interrupted' });
    await client.close();
    expect(requests.at(-1)?.method).toBe('DELETE');
  });
});

it('never follows a redirect or a link, wherever they lead', async () => {
  const elsewhere: string[] = [];
  const other = await serve('http', (request, response) => {
    elsewhere.push(request.url ?? '');
    response.end(emptyList);
  });
  const url = await serve(
    'http',
    em((_, response) => response.writeHead(307, { Location: `${other}/api/agents/backupSessions` }).end()),
  );
  const client = connect(url);
  await expect(readAll(client)).rejects.toMatchObject({
    kind: 'permanent',
    message: expect.stringContaining('307') as string,
  });
  await client.close();
  expect(elsewhere).toEqual([]);
});

it('tells no secret, whatever goes wrong', async () => {
  for (const status of [302, 400, 401, 403, 404, 500]) {
    const url = await serve('http', (request, response) => {
      if (request.method === 'POST' && status !== 401)
        response.writeHead(201, { 'X-RestSvcSessionId': 'tok3n' }).end('<LogonSession/>');
      else
        response
          .writeHead(status)
          .end(`<Error Message="no, ${String(request.method)}" StatusCode="${status}"/>`);
    });
    const client = connect(url);
    const error: unknown = await readAll(client).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).not.toMatch(/pässw0rd|tok3n|Basic /);
    await client.close();
  }
});

it.each(['http://em.example.com:9399', 'http://10.0.0.1:9399'])(
  'sends no password unencrypted to %s',
  (url) => {
    expect(() => connect(url)).toThrow(/EM_ALLOW_HTTP/);
    expect(() => connect(url, { allowHttp: true })).not.toThrow();
  },
);

it('asks at the origin whatever way the address is written', async () => {
  const url = await serve('http', list);
  for (const written of [url, `${url}/`, `${url}/api`, `${url}/api/`])
    expect(await readAll(connect(written))).toBe(0);
  expect(new Set(requests.map((request) => request.url))).toEqual(
    new Set([
      '/api/sessionMngr/?v=latest',
      '/api/agents/backupSessions?format=Entity',
      `/api/logonSessions/${logonId}`,
    ]),
  );
});

it('reads tasks of an older Enterprise Manager one by one', async () => {
  const task = 'a1e698f3-282c-484c-b942-e42c5c77449a';
  const url = await serve(
    'http',
    em((request, response) => {
      response.end(
        request.url?.includes('taskSessions') === true
          ? `<EntityReferences><Ref UID="urn:veeam:BackupTaskSession:${task}"/></EntityReferences>`
          : `<BackupTaskSession UID="urn:veeam:BackupTaskSession:${task}" Name="pc@x" VmDisplayName="pc"><Result>Failed</Result><Reason>a &amp; b</Reason><TotalSize>9007199254740993</TotalSize></BackupTaskSession>`,
      );
    }),
  );
  const client = connect(url);
  expect(await readTasksOf(client, [logonId])).toMatchObject([
    {
      sessionId: logonId,
      as: 'tasks',
      tasks: [
        {
          id: task,
          sessionId: logonId,
          machine: 'pc',
          result: 'Failed',
          reason: 'a & b',
          totalBytes: 9007199254740993n,
        },
      ],
    },
  ]);
  await client.close();
});

it('logs off when it is stopped, though whoever stopped it is busy elsewhere', async () => {
  const stop = new AbortController();
  const url = await serve(
    'http',
    em(() => {
      stop.abort();
    }),
  );
  const client = connect(url, { signal: stop.signal });
  await expect(client.list('entity', () => false)).rejects.toMatchObject({ kind: 'interrupted' });
  await expect.poll(() => requests.at(-1)?.method).toBe('DELETE');
  await expect(client.logOn()).rejects.toMatchObject({ kind: 'interrupted' });
  await client.close();
  expect(requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'DELETE']);
});

it('ends a logon session that was granted while it was being stopped', async () => {
  const stop = new AbortController();
  let grant = () => undefined as unknown;
  const url = await serve('http', (request, response) => {
    if (request.method === 'DELETE') response.writeHead(204).end();
    else {
      grant = () => {
        em(() => undefined)(request, response);
      };
      stop.abort();
    }
  });
  const client = connect(url, { signal: stop.signal });
  const asked = client.list('entity', () => false).catch((error: unknown) => error);
  await expect.poll(() => stop.signal.aborted).toBe(true);
  grant();
  expect(await asked).toMatchObject({ kind: 'interrupted' });
  await client.close();
  expect(requests.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
});
