import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSessionRecord } from '../../../src/sources/enterprise-manager/read-session-record.ts';

const id = '8ba90554-4cb0-4979-b4cc-00887fcd1caa';
const other = 'addf6ac2-89d9-4f5c-b90b-2e63f84ac3da';
const entity = (
  content: string,
  attributes = `UID="urn:veeam:BackupJobSession:${id.toUpperCase()}" Name="n"`,
) =>
  readSessionRecord(Buffer.from(`<BackupJobSession ${attributes}>${content}</BackupJobSession>`), 'entity');
const created = '<CreationTimeUTC>2026-01-02T03:04:05Z</CreationTimeUTC>';

describe('an entity', () => {
  it('is read whole', () => {
    const link = (rel: string, type: string, path: string, name: string) =>
      `<Link Type="${type}" Href="http://x/api/${path}" Name="${name}" Rel="${rel}"/>`;
    const read = entity(
      `<Links>${link('Up', 'JobReference', `agents/jobs/${other}`, 'by link')}${link('Up', 'BackupServerReference', `backupServers/${other}?x`, 'vbr &amp; co')}${link('Up', 'BackupJobSessionReference', `backupSessions/${other.toUpperCase()}`, 'Parent session')}<Link Rel="Stop" Href="x"/></Links>` +
        `<JobUid>urn:veeam:AgentBackupJob:${other}</JobUid><JobName> a - b </JobName><JobType> AgentManagement </JobType>${created}<EndTimeUTC/>` +
        `<State>Working</State><Result>None</Result><Progress>7</Progress><FailureMessage/><New a="1"><Deep>x</Deep></New><IsRetry>True</IsRetry>`,
    );
    expect(read).toEqual({
      as: 'entity',
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
        createdAt: '2026-01-02T03:04:05.000000Z',
        endedAt: null,
        progress: 7,
        failureMessage: null,
        extra: { New: { a: '1', Deep: 'x' } },
      },
    });
  });

  it.each([
    [created, { endedAt: null, state: null, isRetry: false, extra: null }],
    [`${created}<EndTimeUTC>0001-01-01T00:00:00</EndTimeUTC>`, { endedAt: null }],
    [`${created}<EndTimeUTC xsi:nil="true"/>`, { endedAt: null }],
    [`${created}<Progress>many</Progress>`, { progress: null }],
  ])('may lack or void what it likes: %s', (content, session) => {
    expect(entity(content)).toMatchObject({ as: 'entity', session });
  });

  it.each([
    ['', /no CreationTimeUTC/],
    [
      '<CreationTimeUTC>2026-02-30T00:00:00Z</CreationTimeUTC>',
      /CreationTimeUTC "2026-02-30T00:00:00Z" is not a date/,
    ],
    [`${created}<EndTimeUTC>later</EndTimeUTC>`, /EndTimeUTC "later" is not a date/],
    [`${created}<State>&nonsense;</State>`, /&nonsense;/],
    [`${created}<State>\0</State>`, /NUL/],
  ])('is unreadable, and says why: %j', (content, reason) => {
    expect(entity(content)).toMatchObject({
      as: 'unreadable',
      reason: expect.stringMatching(reason) as string,
    });
  });

  it('is unreadable without an id', () => {
    expect(entity(created, 'Name="who"')).toEqual({
      as: 'unreadable',
      id: null,
      reason: 'a record has no UID ("who")',
    });
  });

  it('breaks the document when its tags do not match, or are nested to do harm', () => {
    expect(() => entity('<a><b></a></b>')).toThrow(/not well-formed/);
    expect(() => entity(`${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`)).toThrow(/not well-formed/);
  });

  it('gives every name back exactly', () => {
    const escape = (text: string) => text.replace(/[&<>"'\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`);
    const name = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(name, name, (sessionName, jobName) => {
        const read = entity(
          `${created}<JobName>${escape(jobName)}</JobName>`,
          `Name="${escape(sessionName)}" UID="urn:veeam:BackupJobSession:${id}"`,
        );
        expect(read).toMatchObject({
          session: { name: sessionName, jobName: jobName === '' ? null : jobName },
        });
      }),
    );
  });
});

describe('a reference', () => {
  it('tells its creation time by its name, behind the last @', () => {
    const read = readSessionRecord(
      Buffer.from(
        `<Ref UID="urn:veeam:BackupJobSession:${id}" Name="R&amp;D @ Lab@2026-06-16 06:33:10.659559"><Links/></Ref>`,
      ),
      'reference',
    );
    expect(read).toMatchObject({
      as: 'reference',
      session: { jobName: 'R&D @ Lab', createdAt: '2026-06-16T06:33:10.659559Z', state: null },
    });
  });

  it('is unreadable without one', () => {
    expect(
      readSessionRecord(Buffer.from(`<Ref UID="urn:veeam:BackupJobSession:${id}" Name="x"/>`), 'reference'),
    ).toMatchObject({ as: 'unreadable', id });
  });
});
