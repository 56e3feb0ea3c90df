import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { baseUrl } from '../../../src/sources/enterprise-manager/base-url.ts';
import {
  openEnterpriseManager,
  type EnterpriseManagerOptions,
} from '../../../src/sources/enterprise-manager/open-enterprise-manager.ts';
import type { ListRecord, Source } from '../../../src/sources/source.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

const ns = 'xmlns="http://www.veeam.com/ent/v1.0"';
const id = (number: number) => `8ba90554-4cb0-4979-b4cc-${String(number).padStart(12, '0')}`;

async function open(get: RequestListener, options: Partial<EnterpriseManagerOptions> = {}): Promise<Source> {
  const server = createServer((request, response) => {
    request.resume();
    if (request.method === 'POST')
      response.writeHead(201, { 'X-RestSvcSessionId': 't' }).end('<LogonSession/>');
    else get(request, response);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return openEnterpriseManager({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    username: 'u',
    password: 'p',
    concurrency: 2,
    signal: new AbortController().signal,
    retry: { attempts: 2, baseMs: 1, maxMs: 1 },
    batch: 'off',
    ...options,
  });
}

async function readList(
  source: Source,
): Promise<{ records: ListRecord[]; count: number; form: string; readAt: string }> {
  const list = await source.list('auto', () => false);
  const records: ListRecord[] = [];
  let count = 0;
  for await (const group of list.groups) {
    count += group.count;
    records.push(...group.records);
  }
  return { records, count, form: list.form, readAt: list.readAt };
}

const entity = (number: number, more = '', name = 'BackupJobSession') =>
  `<${name} UID="urn:veeam:BackupJobSession:${id(number)}" Name="j@2026-01-02 03:04:05">` +
  `<CreationTimeUTC>2026-01-02T03:04:05Z</CreationTimeUTC><State>Stopped</State>${more}</${name}>`;
const list = (content: string) => `<BackupJobSessions ${ns}>${content}</BackupJobSessions>`;
const reply =
  (body: string | Buffer, headers: Record<string, string> = {}, status = 200): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body);

describe('the list', () => {
  const text = list(entity(1) + entity(2));

  it.each<[string, Buffer]>([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['identity', Buffer.from(text)],
  ])('is read compressed with %s, and counted as it came', async (encoding, body) => {
    const source = await open(reply(body, { 'Content-Encoding': encoding }));
    expect((await readList(source)).count).toBe(2);
    expect(source.usage().bytesReceived).toBe(body.length + '<LogonSession/>'.length);
  });

  it.each<[string, Buffer, Record<string, string>]>([
    [
      'windows-1252',
      Buffer.from(
        `<?xml version="1.0" encoding="windows-1252"?>${list(entity(1, '<X>\u00e4</X>'))}`,
        'latin1',
      ),
      {},
    ],
    [
      'utf-16',
      Buffer.from(`\ufeff<?xml version="1.0" encoding="utf-16"?>${list(entity(1, '<X>ä</X>'))}`, 'utf16le'),
      {},
    ],
    ['utf-8 with a mark', Buffer.from(`\ufeff${list(entity(1, '<X>ä</X>'))}`), {}],
    [
      'a charset',
      Buffer.from(list(entity(1, '<X>\u00e4</X>')), 'latin1'),
      { 'Content-Type': 'application/xml; charset=iso-8859-1' },
    ],
  ])('is read in %s', async (_, body, headers) => {
    const { records } = await readList(await open(reply(body, headers)));
    expect(records).toMatchObject([{ as: 'session', session: { extra: { X: 'ä' } } }]);
  });

  it("carries the source's clock, and names its form by what it holds", async () => {
    const date = 'Fri, 02 Jan 2026 03:04:05 GMT';
    const read = async (body: string) => readList(await open(reply(body, { Date: date })));
    expect(await read(list(entity(1)))).toMatchObject({
      form: 'entity',
      readAt: '2026-01-02T03:04:05.000000Z',
    });
    const references = `<BackupJobSessions><EntityRef UID="urn:veeam:BackupJobSession:${id(1)}" Name="x"/></BackupJobSessions>`;
    expect(await read(references)).toMatchObject({ form: 'reference', records: [{ as: 'reference' }] });
    const others = list(entity(1, '', 'AgentBackupJobSession') + entity(2, '', 'AgentBackupJobSession'));
    expect(await read(others)).toMatchObject({
      form: 'entity',
      count: 2,
      records: [{ as: 'session' }, { as: 'session' }],
    });
    expect(await read(list('<What/>'))).toMatchObject({ count: 1, records: [{ as: 'unreadable' }] });
  });

  it.each(['Fri, 31 Dec 9999 23:59:59 GMT', 'Thu, 01 Jan 1970 00:00:00 GMT', 'soon'])(
    'is dated by our clock when its own says %s',
    async (date) => {
      const { readAt } = await readList(await open(reply(list(entity(1)), { Date: date })));
      expect(Math.abs(Date.parse(readAt) - Date.now())).toBeLessThan(3_600_000);
    },
  );

  it('passes over what is known', async () => {
    const source = await open(reply(list(entity(1) + entity(2))));
    const { records } = await readList(source);
    const known = new Set(records.map(({ fingerprint }) => fingerprint));
    const again = await source.list('auto', (print) => known.has(print));
    let count = 0;
    for await (const group of again.groups) {
      count += group.count;
      expect(group.records).toEqual([]);
    }
    expect(count).toBe(2);
  });

  it.each<[string, string | Buffer, Record<string, string>, RegExp]>([
    [
      'a bomb',
      gzipSync(list(entity(1, `<X>${' x'.repeat(20_000_000)}</X>`))),
      { 'Content-Encoding': 'gzip' },
      /200-fold/,
    ],
    ['white space', list(' '.repeat(2_000_000)), {}, /white space/],
    ['JSON', '{"Refs":[]}', {}, /answered JSON/],
    ['a page', '<!DOCTYPE html><html><body>Sign in</body></html>', {}, /HTML page.*EM_URL/],
    ['a page of XHTML', '<html xmlns="x"><body/></html>', {}, /HTML page.*EM_URL/],
    ['an unknown encoding', '<?xml version="1.0" encoding="klingon"?><a/>', {}, /klingon/],
    ['br', 'x', { 'Content-Encoding': 'br' }, /"br"/],
    ['another document', '<Catalog/>', {}, /<Catalog>/],
    ['nothing but strangers', list('<What/>'.repeat(10_001)), {}, /no sessions/],
  ])('is refused when it is %s', async (_, body, headers, message) => {
    await expect(readList(await open(reply(body, headers)))).rejects.toMatchObject({
      kind: 'contract',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each<[string, string, Record<string, string>]>([
    ['its encoding', '<?xml version="1.0" encoding="\u001b]0;x\u0007\u001b[2J"?><a/>', {}],
    ['its Content-Encoding', list(entity(1)), { 'Content-Encoding': 'b\u009b2J' }],
    ['its root', '<a\u001b[2J\u009b1m\u202e/>', {}],
  ])('says nothing that a terminal acts on when there is that in %s', async (_, body, headers) => {
    const error: unknown = await readList(await open(reply(body, headers))).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      kind: 'contract',
      // eslint-disable-next-line no-control-regex -- they are what must not be there
      message: expect.not.stringMatching(/[\u0000-\u001f\u007f-\u009f\u202e]/) as string,
    });
  });

  it('is given up when it is announced again and again', async () => {
    const source = await open(({ socket }) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'), 1);
      socket.once('close', () => clearInterval(timer));
    });
    await expect(readList(source)).rejects.toMatchObject({
      kind: 'contract',
      message: expect.stringContaining('announces') as string,
    });
  });

  it('is given up when it trickles', async () => {
    const source = await open(
      (_, response) => {
        response.write(`<BackupJobSessions>${entity(1)}`);
        const timer = setInterval(() => response.write(' '), 5);
        response.once('close', () => clearInterval(timer));
      },
      { timeouts: { windowMs: 20, minBytesPerWindow: 10_000 } },
    );
    await expect(readList(source)).rejects.toMatchObject({ kind: 'transient' });
  });
});

describe('one session', () => {
  const ask = async (get: RequestListener) => {
    const source = await open(get);
    const answers = [];
    for await (const answer of source.lookUp([id(1)])) answers.push(answer);
    return answers[0];
  };
  const own = (status: number) => `<Error ${ns} Message="no" StatusCode="${status}"/>`;

  it.each<[string, RequestListener, object]>([
    ['its entity', reply(entity(1)), { as: 'session' }],
    ['a part of it', reply(entity(1, '<EndTimeUTC>never</EndTimeUTC>')), { as: 'part' }],
    ["EM's own 404", reply(own(404), {}, 404), { as: 'gone' }],
    ["a proxy's 404", reply('<html>404</html>', {}, 404), { as: 'failed', kind: 'contract' }],
    ['an empty 404', reply('', {}, 404), { as: 'failed' }],
    ['403', reply(own(403), {}, 403), { as: 'failed', kind: 'unauthorized' }],
    ['401, always', reply('', {}, 401), { as: 'failed', kind: 'unauthorized' }],
    ['500', reply(own(500), {}, 500), { as: 'failed', kind: 'transient' }],
    [
      'a page',
      reply('<!doctype html><html></html>'),
      { as: 'failed', reason: expect.stringContaining('HTML') as string },
    ],
    ['JSON', reply('{"Uid":1}'), { as: 'failed', reason: expect.stringContaining('JSON') as string }],
    ['another session', reply(entity(2)), { as: 'failed', kind: 'contract' }],
    [
      'two megabytes',
      reply(entity(1, `<X>${'x'.repeat(2_000_000)}</X>`)),
      { as: 'failed', kind: 'contract' },
    ],
  ])('answered with %s', async (_, get, expected) => {
    expect(await ask(get)).toMatchObject({ id: id(1), ...expected });
  });

  it('is not asked for after twenty failures in a row', async () => {
    const source = await open(reply('no', {}, 403), { concurrency: 1 });
    const answers = [];
    for await (const answer of source.lookUp(Array.from({ length: 200 }, (_, index) => id(index))))
      answers.push(answer);
    expect(answers).toHaveLength(200);
    expect(answers.at(-1)).toMatchObject({
      as: 'failed',
      reason: expect.stringContaining('Not asked') as string,
    });
    expect(source.usage().requests).toBeLessThan(30);
  });
});

it('leaves the others as they are when one job or computer cannot be read', async () => {
  const job = (number: number, more: string) =>
    `<AgentBackupJob UID="urn:veeam:AgentBackupJob:${id(number)}" Name="j${number}"><Description>${more}</Description></AgentBackupJob>`;
  const source = await open(
    reply(`<AgentBackupJobs>${job(1, 'a&#x0;b')}${job(2, 'a & b')}${job(3, 'fine')}</AgentBackupJobs>`),
  );
  expect(await source.readJobs()).toMatchObject([{ name: 'j1', description: 'a\ufffdb' }, { name: 'j3' }]);
});

it('reads kept text again', async () => {
  const source = await open(reply(''));
  expect(source.parseText(entity(1), 'entity')).toMatchObject({ as: 'session', session: { id: id(1) } });
  expect(source.parseText('<BackupJobSession & UID=', 'entity')).toMatchObject({ as: 'unreadable' });
});

it('can be told before any request that an address sends a password in clear', () => {
  expect(() => baseUrl('http://em.example.com:9399', false)).toThrow(/EM_ALLOW_HTTP/);
  expect(baseUrl('http://em.example.com:9399', true).origin).toBe('http://em.example.com:9399');
});
