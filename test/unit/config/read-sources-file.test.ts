import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/config.ts';
import { readConfig } from '../../../src/config/read-config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'session-history-sources-'));
  mkdirSync(path.join(folder, 'etc'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => path.join(folder, 'etc/sources.json');
const write = (content: unknown) =>
  writeFileSync(file(), typeof content === 'string' ? content : JSON.stringify(content));
const read = (environment: Record<string, string> = {}) =>
  readConfig({ SOURCES_FILE: 'etc/sources.json', ...environment }, folder).sources;

function refusal(content: unknown): string {
  write(content);
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message.replaceAll(file(), 'FILE');
  }
  throw new Error('The sources were accepted.');
}

const one = { url: 'https://em1.example.com', username: 'u', password: 'p' };

describe('SOURCES_FILE', () => {
  it('gives many sources, with paths relative to itself and the environment’s defaults', () => {
    writeFileSync(path.join(folder, 'etc/password'), 'p2\n');
    writeFileSync(path.join(folder, 'etc/ca.pem'), '-----BEGIN CERTIFICATE-----');
    write([
      one,
      {
        name: 'branch',
        url: 'https://em2:9398',
        username: 'dom\\u',
        passwordFile: 'password',
        caFile: 'ca.pem',
        certSha256: 'F'.repeat(64),
        tlsInsecure: true,
        allowHttp: 'yes',
        list: 'entity',
        tasks: 'none',
        concurrency: 2,
        batch: 'auto',
        fullEveryMinutes: 1440,
      },
    ]);
    expect(
      read({ SYNC_TASKS: 'failed', EM_CONCURRENCY: '7', SYNC_LIST: 'reference', EM_BATCH: 'off' }),
    ).toEqual([
      {
        ...one,
        name: 'em1.example.com',
        tls: {},
        allowHttp: false,
        list: 'reference',
        tasks: 'failed',
        concurrency: 7,
        batch: 'off',
        fullEvery: 'auto',
      },
      {
        name: 'branch',
        url: 'https://em2:9398',
        username: 'dom\\u',
        password: 'p2',
        tls: { caPem: '-----BEGIN CERTIFICATE-----', certSha256: 'f'.repeat(64), insecure: true },
        allowHttp: true,
        list: 'entity',
        tasks: 'none',
        concurrency: 2,
        batch: 'auto',
        fullEvery: 1440,
      },
    ]);
  });

  it('joins the source of EM_*', () => {
    write([one]);
    const own = { EM_URL: 'https://em0', EM_USERNAME: 'u', EM_PASSWORD: 'p' };
    expect(read(own).map((source) => source.name)).toEqual(['em0', 'em1.example.com']);
    expect(() => read({ ...own, EM_NAME: 'em1.example.com' })).toThrow(
      'Two sources are called "em1.example.com".',
    );
  });

  it('may be empty', () => {
    write('\u{feff}[]');
    expect(read()).toEqual([]);
  });

  it.each([
    ['no list', { ...one }, 'FILE is not a list of sources. It should look like [{'],
    ['no object', [1], 'FILE, source 1: it is not an object.'],
    ['null', [null], 'FILE, source 1: it is not an object.'],
    ['no address', [{ ...one, url: undefined }], 'source 1: "url" is missing.'],
    [
      'a wrong address',
      [one, { ...one, name: 'b', url: 'em' }],
      'source 2 ("b"): "url" is no https:// or http://',
    ],
    ['a number for a name', [{ ...one, username: 5 }], 'source 1: "username" is not a text.'],
    ['true for a number', [{ ...one, concurrency: true }], 'source 1: "concurrency" is not a number.'],
    [
      'no password',
      [{ ...one, password: undefined }],
      'source 1: it needs either "password" or "passwordFile".',
    ],
    [
      'two passwords',
      [{ ...one, passwordFile: 'x' }],
      'source 1: it needs either "password" or "passwordFile".',
    ],
    ['an empty password', [{ ...one, password: '' }], 'source 1: "password" is empty.'],
    [
      'a slip',
      [{ ...one, pasword: 'x' }],
      'source 1: "pasword" means nothing here (known: name, url, username,',
    ],
    ['twins', [one, one], 'Two sources are called "em1.example.com".'],
    [
      'a missing file',
      [{ ...one, password: undefined, passwordFile: 'gone' }],
      'source 1: passwordFile names ',
    ],
  ])('is refused with %s', (_what, content, message) => {
    expect(refusal(content)).toContain(message);
  });

  it('names all mistakes of all sources', () => {
    expect(refusal([{ ...one, list: 'x' }, { url: 1 }]).split('\n')).toEqual([
      'SOURCES_FILE FILE, source 1: "list" is none of auto, entity, reference.',
      'SOURCES_FILE FILE, source 2: "url" is not a text.',
      'SOURCES_FILE FILE, source 2: "username" is missing.',
    ]);
  });

  it.each([
    '[{"password": s3cret}]',
    '[{"password": "s3cret" "x"}]',
    '[{"password": "s3cret"',
    'password: s3cret',
    '[{"password": "s3cret", "url": "https://u:s3cret@em", "username": "u", "s": "s3cret"}]',
  ])('shows no secret of a broken one: %s', (content) => {
    expect(refusal(content)).not.toContain('s3cret');
  });
});
