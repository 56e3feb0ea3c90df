import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/config.ts';
import { readConfig, requireSources } from '../../../src/config/read-config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'session-history-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const em = { EM_URL: 'https://em.example.com:9398', EM_USERNAME: 'reader', EM_PASSWORD: 'hunter2' };
const read = (environment: Record<string, string>) => readConfig(environment, folder);
const write = (name: string, content: string) => {
  writeFileSync(path.join(folder, name), content);
  return path.join(folder, name);
};

/** What a person gets to read. */
function refusal(environment: Record<string, string>): string {
  try {
    read(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('The configuration was accepted.');
}

describe('readConfig', () => {
  it('needs nothing, and then has the defaults of the contract', () => {
    expect(read({})).toEqual({
      databaseUrl: undefined,
      apiDatabaseUrl: undefined,
      dataDir: path.join(folder, '.data'),
      redisUrl: undefined,
      redisCaPem: undefined,
      sources: [],
      syncIntervalMinutes: 15,
      workerConcurrency: 16,
      workerPort: undefined,
      tracing: false,
      apiHost: '127.0.0.1',
      apiPort: 8080,
      apiRateLimit: 100_000,
      metricsComputers: false,
      apiCorsOrigins: [],
      apiFirstKey: false,
      metricsToken: undefined,
      logLevel: 'info',
      hints: [],
    });
  });

  it('reads one Enterprise Manager', () => {
    expect(read(em).sources).toEqual([
      {
        name: 'em.example.com',
        url: 'https://em.example.com:9398',
        username: 'reader',
        password: 'hunter2',
        tls: {},
        allowHttp: false,
        list: 'auto',
        tasks: 'all',
        concurrency: 4,
        batch: 'auto',
        fullEvery: 'auto',
      },
    ]);
  });

  it('reads everything that can be said', () => {
    const ca = write('ca.pem', '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n');
    const config = read({
      ...em,
      EM_NAME: 'Zürich – HQ',
      EM_CA_FILE: 'ca.pem',
      EM_CERT_SHA256: Array<string>(32).fill('AB').join(':'),
      EM_TLS_INSECURE: 'yes',
      EM_ALLOW_HTTP: '1',
      EM_CONCURRENCY: '9',
      EM_BATCH: 'off',
      SYNC_INTERVAL_MINUTES: '0.05',
      SYNC_LIST: 'reference',
      SYNC_TASKS: 'failed',
      DATABASE_URL: 'postgresql://u@h/d',
      REDIS_URL: 'rediss://h',
      DATA_DIR: '/somewhere/else',
      API_HOST: '::',
      API_PORT: '0',
      LOG_LEVEL: 'debug',
    });
    expect(ca).toBe(path.join(folder, 'ca.pem'));
    expect(config).toMatchObject({
      databaseUrl: 'postgresql://u@h/d',
      redisUrl: 'rediss://h',
      dataDir: '/somewhere/else',
      syncIntervalMinutes: 0.05,
      apiHost: '::',
      apiPort: 0,
      logLevel: 'debug',
    });
    expect(config.sources[0]).toMatchObject({
      name: 'Zürich – HQ',
      allowHttp: true,
      concurrency: 9,
      batch: 'off',
      list: 'reference',
      tasks: 'failed',
      tls: {
        caPem: '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n',
        certSha256: 'ab'.repeat(32),
        insecure: true,
      },
    });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(read({ EM_URL: '', API_PORT: '', DATABASE_URL_FILE: '' })).toMatchObject({
      apiPort: 8080,
      sources: [],
    });
  });

  it.each([
    ['API_PORT', '80x', 'is not a number'],
    ['API_PORT', '0x50', 'is not a number'],
    ['API_PORT', ' ', 'is not a number'],
    ['API_PORT', '80.5', 'is not a whole number'],
    ['API_PORT', '65536', 'is above 65535'],
    ['API_PORT', '-1', 'is below 0'],
    ['EM_CONCURRENCY', '0', 'is below 1'],
    ['SYNC_INTERVAL_MINUTES', '0.04', 'is below 0.05'],
    ['SYNC_INTERVAL_MINUTES', '43201', 'is more than 30 days'],
    ['SYNC_INTERVAL_MINUTES', 'Infinity', 'is not a number'],
    ['SYNC_LIST', 'Entity', 'is none of auto, entity, reference'],
    ['SYNC_TASKS', 'some', 'is none of all, failed, none'],
    ['LOG_LEVEL', 'verbose', 'is none of trace, debug'],
    ['EM_TLS_INSECURE', 'maybe', 'is neither true nor false'],
    ['EM_CERT_SHA256', 'abcd', 'is no SHA-256 fingerprint'],
    ['EM_URL', 'em.example.com:9398', 'is no https:// or http:// address'],
    ['EM_URL', 'https://', 'is no https:// or http:// address'],
    ['EM_URL', 'ftp://em', 'is no https:// or http:// address'],
    ['EM_NAME', 'a\u0000b', 'holds control characters'],
    ['EM_NAME', ' a', 'begins or ends with a space'],
    ['EM_NAME', 'n'.repeat(201), 'is longer than 200 characters'],
  ])('refuses %s=%j because it %s, with an example', (name, value, reason) => {
    const message = refusal({ ...em, [name]: value });
    expect(message).toContain(`${name}="${value}" ${reason}`);
    expect(message).toContain(`for example ${name}=`);
    expect(message.split('\n')).toHaveLength(1);
  });

  it.each([
    ['DATABASE_URL', 'mysql://u:s3cret@h/d', 'is no postgres:// or postgresql:// address'],
    ['DATABASE_URL', 'postgres://u:s3cret#@h:port/d', 'percent-encoded'],
    ['REDIS_URL', 'localhost:s3cret', 'is no redis:// or rediss:// address'],
  ])('refuses %s=%j without showing it', (name, value, reason) => {
    const message = refusal({ [name]: value });
    expect(message).toContain(name);
    expect(message).toContain(reason);
    expect(message).not.toContain('s3cret');
  });

  it.each([
    'https://reader:s3cret@em:9398',
    'https://:s3cret@em',
    'reader:s3cret@em',
    'https://u:s3/cret@em',
  ])('refuses credentials in EM_URL=%s without showing them', (url) => {
    const message = refusal({ ...em, EM_URL: url });
    expect(message).toMatch(/^EM_URL="\*\*\*@em/);
    expect(message).not.toMatch(/s3|cret/);
  });

  it('repeats no password that came with the user name', () => {
    for (const name of ['reader:hunter3', 'reader:hunt:er3\nhunter3']) {
      const message = refusal({ ...em, EM_USERNAME: name });
      expect(message).toContain('EM_USERNAME="reader:***" holds a colon');
      expect(message).not.toMatch(/hunt|er3/);
    }
    expect(refusal({ METRICS_TOKEN: 'hunter3' })).not.toContain('hunter3');
    expect(refusal({ API_DATABASE_URL: 'mysql://a:hunter3@db/x' })).not.toContain('hunter3');
  });

  it('says that credentials have variables of their own', () => {
    expect(refusal({ ...em, EM_URL: 'https://a:b@em' })).toContain('EM_USERNAME and EM_PASSWORD');
  });

  it('names everything that is wrong at once', () => {
    const lines = refusal({
      EM_URL: 'em',
      EM_USER: 'reader',
      API_PORT: 'x',
      EM_PASSWORD_FILE: 'nowhere',
      SOURCES_FILE: write(
        'sources.json',
        '[{"url": "https://em2", "username": "u", "password": "p", "tasks": 1}]',
      ),
    }).split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual([
      'EM_PASSWORD_FILE',
      'EM_USERNAME',
      'EM_URL="em"',
      'API_PORT="x"',
      'SOURCES_FILE',
    ]);
    expect(lines[1]).toContain('EM_USER is set, which means nothing here: did you mean EM_USERNAME?');
  });

  it('survives every environment with a config or a ConfigError that holds no secret', () => {
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('', '0', '1', 'https://em', 'postgres://h/d', 'https://u:@em', '/nowhere', '.', '\0'),
    );
    const names = [
      'DATABASE_URL',
      'DATA_DIR',
      'EM_URL',
      'EM_USERNAME',
      'EM_NAME',
      'EM_CA_FILE',
      'EM_PASSWORD_FILE',
    ];
    names.push(
      'EM_CERT_SHA256',
      'SOURCES_FILE',
      'SYNC_INTERVAL_MINUTES',
      'SYNC_LIST',
      'API_PORT',
      'EM_TLS_INSECURE',
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), (environment) => {
        try {
          read({ ...environment, EM_PASSWORD: 'sesame-opens' });
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          expect((error as Error).message).not.toContain('sesame-opens');
        }
      }),
    );
  });
});

describe('X_FILE', () => {
  it('gives the value without the last line break, and without a byte order mark', () => {
    write('password', '\u{feff} two\nlines \r\n');
    expect(read({ ...em, EM_PASSWORD: '', EM_PASSWORD_FILE: 'password' }).sources[0]?.password).toBe(
      ' two\nlines ',
    );
  });

  it('is refused beside X', () => {
    expect(refusal({ ...em, EM_PASSWORD_FILE: write('password', 'x') })).toBe(
      'EM_PASSWORD and EM_PASSWORD_FILE are both set. Keep one of them.',
    );
  });

  it.each([
    ['nowhere', 'but there is no such file'],
    ['folder', 'but it is a folder'],
    ['empty', 'but it is empty'],
  ])('is refused when it names %s', (name, reason) => {
    mkdirSync(path.join(folder, 'folder'));
    write('empty', '\n');
    const { EM_URL, EM_USERNAME } = em;
    expect(refusal({ EM_URL, EM_USERNAME, EM_PASSWORD_FILE: name })).toBe(
      `EM_PASSWORD_FILE names ${path.join(folder, name)}, ${reason}.`,
    );
  });

  it('is known for every variable', () => {
    write('port', '9000\n');
    expect(read({ API_PORT_FILE: 'port' }).apiPort).toBe(9000);
  });

  it('says what is no PEM file', () => {
    const file = write('ca.der', '\u0001\u0002');
    expect(refusal({ ...em, EM_CA_FILE: 'ca.der' })).toContain(
      `EM_CA_FILE names ${file}, but it holds no certificate in PEM form`,
    );
  });
});

describe('.env', () => {
  it('is read, and the environment wins', () => {
    write('.env', '\u{feff}API_PORT=1111\nLOG_LEVEL="warn" # quiet\nEM_URL=https://other\n');
    const config = read({ ...em, API_PORT: '2222' });
    expect(config).toMatchObject({ apiPort: 2222, logLevel: 'warn' });
    expect(config.sources[0]?.url).toBe(em.EM_URL);
  });

  it('does not collide with a file named in the environment', () => {
    write('.env', 'EM_PASSWORD=old');
    write('password', 'new');
    const { EM_URL, EM_USERNAME } = em;
    expect(read({ EM_URL, EM_USERNAME, EM_PASSWORD_FILE: 'password' }).sources[0]?.password).toBe('new');
  });

  it('may be a folder, which is somebody else’s', () => {
    mkdirSync(path.join(folder, '.env'));
    expect(read({}).sources).toEqual([]);
  });
});

describe('names that look like ours', () => {
  it('are hinted at where the right one is missing', () => {
    expect(refusal({ EM_URL: em.EM_URL, EM_USERNAME: 'u', EM_PASS: 'p' })).toMatch(
      /^EM_PASSWORD is missing\. .* \(EM_PASS is set, which means nothing here: did you mean EM_PASSWORD\?\)$/,
    );
    expect(read({ DATABASE_URI: 'postgres://h/d' }).hints).toEqual([
      'DATABASE_URI is set, which means nothing here: did you mean DATABASE_URL?',
    ]);
  });

  it('are found in .env, too', () => {
    write('.env', 'EM_USER=u');
    expect(refusal({ EM_URL: em.EM_URL, EM_PASSWORD: 'p' })).toContain('did you mean EM_USERNAME?');
  });

  it('are nobody’s business where the right one is given', () => {
    expect(read({ ...em, EM_USER: 'u', DATABASE_URL: 'postgres://h/d', DATABASE_URI: 'x' }).hints).toEqual(
      [],
    );
  });
});

describe('requireSources', () => {
  it('gives the sources', () => {
    expect(requireSources(read(em))).toHaveLength(1);
  });

  it('says how to name one', () => {
    const config = read({ EM_HOST: 'em' });
    expect(() => requireSources(config)).toThrow(ConfigError);
    expect(() => requireSources(config)).toThrow(
      /^EM_URL is missing\. It is the address of Enterprise Manager, for example EM_URL=https:\/\/em\.example\.com:9398\n/,
    );
    expect(() => requireSources(config)).toThrow('did you mean EM_URL?');
  });
});
