import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRecord } from '../../../src/sources/enterprise-manager/read-record.ts';

const id = '8ba90554-4cb0-4979-b4cc-00887fcd1caa';
const other = 'addf6ac2-89d9-4f5c-b90b-2e63f84ac3da';
const read = (text: string | Buffer, name = 'BackupJobSession') =>
  readRecord({ name, bytes: Buffer.from(text as string), fingerprint: 'f', fault: '' });
const uid = `UID="urn:veeam:BackupJobSession:${id.toUpperCase()}"`;
const entity = (content: string, attributes = `${uid} Name="n"`) =>
  read(`<BackupJobSession ${attributes}>${content}</BackupJobSession>`);
const created = '<CreationTimeUTC>2026-01-02T03:04:05Z</CreationTimeUTC>';
const at = '2026-01-02T03:04:05.000000Z';

describe('an entity', () => {
  it('is read whole', () => {
    const link = (rel: string, type: string, path: string, name: string) =>
      `<Link Type="${type}" Href="http://x/api/${path}" Name="${name}" Rel="${rel}"/>`;
    const record = entity(
      `<Links>${link('Up', 'JobReference', `agents/jobs/${other}`, 'by link')}${link('Up', 'BackupServerReference', `backupServers/${other}?x`, 'vbr &amp; co')}${link('Up', 'BackupJobSessionReference', `backupSessions/${other.toUpperCase()}`, 'Parent session')}<Link Rel="Stop" Href="x"/></Links>` +
        `<JobUid>urn:veeam:AgentBackupJob:${other}</JobUid><JobName> a - b </JobName><JobType> AgentManagement </JobType>${created}<EndTimeUTC/>` +
        `<State>Working</State><Result>None</Result><Progress>7</Progress><FailureMessage/><New a="1"><Deep>x</Deep></New><IsRetry>True</IsRetry>`,
    );
    expect(record).toEqual({
      fingerprint: 'f',
      as: 'session',
      session: {
        id,
        name: 'n',
        kind: 'computer',
        jobType: 'AgentManagement',
        jobId: other,
        jobName: ' a - b ',
        parentId: other,
        serverId: other,
        serverName: 'vbr & co',
        state: 'Working',
        result: 'None',
        isRetry: true,
        createdAt: at,
        endedAt: null,
        progress: 7,
        failureMessage: null,
        extra: { New: { a: '1', Deep: 'x' } },
      },
    });
  });

  it.each<[string, object]>([
    [created, { endedAt: null, state: null, isRetry: false, extra: null }],
    [`${created}<EndTimeUTC>0001-01-01T00:00:00</EndTimeUTC>`, { endedAt: null, extra: null }],
    [`${created}<EndTimeUTC xsi:nil="true"/>`, { endedAt: null }],
    [`${created}<Progress>many</Progress>`, { progress: null, extra: { Progress: 'many' } }],
    [`${created}<Progress>-1</Progress>`, { progress: null, extra: { Progress: '-1' } }],
    [`${created}<Progress>101</Progress>`, { progress: null, extra: { Progress: '101' } }],
    [`${created}<State>a&#x0;b</State>`, { state: 'a\ufffdb', extra: { replacedCharacters: true } }],
    [`${created}<State>&#xD83D;</State>`, { state: '\ufffd', extra: { replacedCharacters: true } }],
    [`${created}<State>&constructor;</State>`, { state: '\ufffd', extra: { replacedCharacters: true } }],
    [`${created}<State>\0</State>`, { state: '\ufffd', extra: { replacedCharacters: true } }],
    ['<CreationTimeUTC>0001-01-01T00:00:00</CreationTimeUTC>', { createdAt: '0001-01-01T00:00:00.000000Z' }],
    [
      '<CreationTimeUTC>2026-01-01T24:00:00,0Z</CreationTimeUTC>',
      { createdAt: '2026-01-02T00:00:00.000000Z' },
    ],
    [`${created}<IsRetry>perhaps</IsRetry>`, { isRetry: false, extra: { IsRetry: 'perhaps' } }],
  ])('may lack or void what it likes: %j', (content, session) => {
    expect(entity(content)).toMatchObject({ as: 'session', session });
  });

  it.each<[string, string | null, object]>([
    ['', at, {}],
    ['<CreationTimeUTC/>', at, {}],
    [
      '<CreationTimeUTC>0001-01-01T00:00:00Z</CreationTimeUTC>',
      at,
      { CreationTimeUTC: '0001-01-01T00:00:00Z' },
    ],
  ])('takes its creation time from its name for want of better: %j', (content, createdAt, extra) => {
    const record = entity(`${content}<State>Stopped</State>`, `${uid} Name="a@b@2026-01-02 03:04:05"`);
    expect(record).toMatchObject({
      as: 'session',
      session: { createdAt, ...(content.includes('0001') && { extra }) },
    });
  });

  it.each<[string, RegExp, object]>([
    ['<State>Stopped</State>', /CreationTimeUTC is missing/, { createdAt: null, state: 'Stopped' }],
    [
      '<CreationTimeUTC>2026-02-30T00:00:00Z</CreationTimeUTC>',
      /CreationTimeUTC "2026-02-30T00:00:00Z" is no date/,
      { createdAt: null, extra: { CreationTimeUTC: '2026-02-30T00:00:00Z' } },
    ],
    [
      `${created}<EndTimeUTC>later</EndTimeUTC>`,
      /EndTimeUTC "later" is no date/,
      { createdAt: at, endedAt: null, extra: { EndTimeUTC: 'later' } },
    ],
    ['<State>a & b</State>', /"&"/, {}],
    ['<State>a < b</State>', /</, {}],
    ['<a></b>', /match/, {}],
    ['<State>]]></State>', /CDATA/, {}],
    [`${'<a>'.repeat(60)}${'</a>'.repeat(60)}`, /nested/, {}],
  ])('is kept in part, and says why: %j', (content, reason, session) => {
    expect(entity(content)).toMatchObject({
      as: 'part',
      reason: expect.stringMatching(reason) as string,
      session: { id, ...session },
      text: expect.stringContaining('<BackupJobSession') as string,
    });
  });

  it('finds the id of a broken one, and never takes that of a link for it', () => {
    const broken = `<Links><Link Href="/api/backupSessions/${other}"/></Links>&`;
    expect(entity(broken, `Href="https://em/api/backupSessions/${id}?format=Entity"`)).toMatchObject({
      as: 'part',
      session: { id },
    });
    expect(entity(broken, 'Name="who"')).toMatchObject({ as: 'unreadable' });
    expect(entity('<x/>', 'Name="who"')).toMatchObject({ as: 'unreadable' });
    expect(entity('<x/>', `UID="urn:veeam:Job:${id}"`)).toMatchObject({ as: 'unreadable' });
  });

  it('keeps names that JavaScript knows as the data they are', () => {
    const record = entity(`${created}<constructor>a</constructor><__proto__><x>1</x></__proto__><toString/>`);
    const extra = record?.as === 'session' ? record.session.extra : null;
    expect(JSON.stringify(extra)).toBe('{"constructor":"a","__proto__":{"x":"1"},"toString":""}');
    expect(Object.getPrototypeOf(extra)).toBe(Object.prototype);
  });

  it('cuts what is too long for a column between characters, and keeps more of a name', () => {
    const name = '💾'.repeat(5_000);
    const record = entity(
      `${created}<JobName>x${name}</JobName><FailureMessage>${'y'.repeat(70_000)}</FailureMessage>`,
    );
    expect(record).toMatchObject({
      session: {
        jobName: `x${'💾'.repeat(4_095)}`,
        failureMessage: 'y'.repeat(65_536),
        extra: { JobName: `x${name}`, shortened: ['FailureMessage'] },
      },
    });
  });

  it('notes bytes that are no text', () => {
    const bytes = Buffer.concat([
      Buffer.from(`<BackupJobSession ${uid}>${created}<State>`),
      Buffer.from([0xe4]),
      Buffer.from('</State></BackupJobSession>'),
    ]);
    expect(read(bytes)).toMatchObject({
      as: 'session',
      session: { state: '\ufffd', extra: { replacedCharacters: true } },
    });
  });

  it('gives every name back exactly', () => {
    const escape = (text: string) => text.replace(/[&<>"'\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`);
    const name = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(name, name, (sessionName, jobName) => {
        const record = entity(
          `${created}<JobName>${escape(jobName)}</JobName>`,
          `Name="${escape(sessionName)}" ${uid}`,
        );
        expect(record).toMatchObject({
          session: { name: sessionName, jobName: jobName === '' ? null : jobName },
        });
      }),
    );
  });
});

describe('a reference', () => {
  it('tells its creation time by its name, behind the last @, whatever it is called', () => {
    for (const name of ['Ref', 'v:EntityRef', 'AgentBackupJobSession']) {
      expect(
        read(`<${name} ${uid} Name="R&amp;D @ Lab@2026-06-16 06:33:10.659559"><Links/></${name}>`),
      ).toMatchObject({
        as: 'reference',
        session: {
          jobName: 'R&D @ Lab',
          createdAt: '2026-06-16T06:33:10.659559Z',
          state: null,
          isRetry: null,
        },
      });
    }
  });

  it('needs none', () => {
    expect(read(`<Ref ${uid} Name="x"/>`)).toMatchObject({
      as: 'reference',
      session: { id, createdAt: null },
    });
  });
});

it.each([
  `<BackupJobSession ${uid} Name="n">${created}</\u001b[2J></BackupJobSession>`,
  `<BackupJobSession ${uid} Name="n"><EndTimeUTC>&#x9b;2J&#x202e;</EndTimeUTC>${created}</BackupJobSession>`,
  '<\u00e9\u009b2J\u202e/>',
])('says what is wrong with a record in nothing that a terminal acts on', (text) => {
  const record = read(text);
  // eslint-disable-next-line no-control-regex -- they are what must not be there
  const reason: unknown = expect.not.stringMatching(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  expect(record).toMatchObject({ reason });
});

it('passes what is no record', () => {
  expect(read('<PagingInfo PageNum="1"/>', 'PagingInfo')).toBeUndefined();
});

it('never throws, whatever is done to a record', () => {
  const good = `<BackupJobSession ${uid} Name="n"><Links/>${created}<State>Stopped</State></BackupJobSession>`;
  fc.assert(
    fc.property(fc.nat(good.length), fc.string({ unit: 'binary' }), fc.nat(40), (from, insert, length) => {
      expect(read(good.slice(0, from) + insert + good.slice(from + length))).toBeDefined();
    }),
  );
});
