import { Ajv } from 'ajv';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { buildProgram } from '../../../src/cli/build-program.ts';
import type { App } from '../../../src/cli/app.ts';
import { variables } from '../../../src/config/variables.ts';
import { laterVariables } from './later-variables.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const version = (JSON.parse(read('package.json')) as { version: string }).version;

type Container = {
  readonly image: string;
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string }[];
  readonly securityContext: object;
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string }[];
};
type PodSpec = {
  readonly containers: readonly Container[];
  readonly securityContext: object;
  readonly volumes: readonly { readonly name: string }[];
};
type Resource = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec?: { readonly template?: { readonly spec: PodSpec } };
};

const files = ['docs/kubernetes/session-history.yaml', 'docs/kubernetes/secrets.example.yaml'];
const resources = files.flatMap((file) =>
  parseAllDocuments(read(file)).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Resource;
  }),
);
const pods = resources.flatMap(({ metadata, spec }) =>
  spec?.template === undefined ? [] : [[metadata.name, spec.template.spec] as const],
);
const names: readonly string[] = [...variables.map(({ name }) => name), ...laterVariables];

describe('docs/kubernetes', () => {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(JSON.parse(read('test/fixtures/kubernetes-1.31.json')) as object, 'kubernetes');

  it.each(resources.map((resource) => [`${resource.kind} ${resource.metadata.name}`, resource] as const))(
    '%s keeps to the schema of its kind',
    (_, resource) => {
      const validate = ajv.getSchema(`kubernetes#/$defs/${resource.kind}`);
      void validate?.(resource);
      expect([validate === undefined, validate?.errors]).toEqual([false, null]);
    },
  );

  it('stays in one namespace and refers to what is there', () => {
    const known = resources.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    for (const { kind, metadata } of resources)
      if (kind !== 'Namespace')
        expect([metadata.name, metadata.namespace]).toEqual([metadata.name, 'session-history']);
    const text = read(files[0] ?? '');
    for (const [, kind, name] of text.matchAll(/(configMap|secret)Ref: *\{ name: ([\w-]+) \}/g))
      expect(known).toContain(`${kind === 'secret' ? 'Secret' : 'ConfigMap'} ${name ?? ''}`);
    for (const [, name] of text.matchAll(/secretName: ([\w-]+)/g))
      expect(known).toContain(`Secret ${name ?? ''}`);
    for (const [pod, { containers, volumes }] of pods) {
      const mounted = containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name)).sort();
      expect([pod, volumes.map(({ name }) => name).sort()]).toEqual([pod, mounted]);
    }
  });

  it('runs this version, commands and variables that exist, with no more rights than they need', () => {
    const commands = buildProgram({ version: '0' } as App, () => undefined).commands.map((one) => one.name());
    for (const [pod, { containers, securityContext }] of pods) {
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const { image, args, env = [], ...container } of containers) {
        expect([pod, image]).toEqual([pod, `session-history:${version}`]);
        expect(commands).toContain(args[0]);
        expect(env.map(({ name }) => name).filter((name) => !names.includes(name))).toEqual([]);
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
    const given = resources
      .filter(({ metadata }) => metadata.name === 'session-history')
      .flatMap(({ data, stringData }) => Object.keys({ ...data, ...stringData }));
    expect(given.filter((name) => !names.includes(name))).toEqual([]);
  });
});
