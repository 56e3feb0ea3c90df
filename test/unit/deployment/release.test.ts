import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string) => readFileSync(new URL(file, `file://${root}`), 'utf8');
const { version, scripts, ...manifest } = JSON.parse(read('package.json')) as {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly private?: boolean;
  readonly publishConfig?: object;
};
const notesOf = (tag: string) =>
  spawnSync(process.execPath, ['.ci/release-notes.mjs', tag], { cwd: root, encoding: 'utf8' });

it('takes the notes of a release from the changelog', () => {
  const { status, stdout } = notesOf(`v${version}`);
  expect([status, stdout.includes('## ')]).toEqual([0, false]);
  expect(stdout.trim()).not.toBe('');
});

it('releases no version that the package is not', () => {
  const { status, stderr } = notesOf('v99.0.0');
  expect([status, stderr]).toEqual([1, expect.stringContaining(`package.json ${version}`) as string]);
});

it('may be published, with provenance', () => {
  expect(manifest.private).toBeUndefined();
  expect(manifest.publishConfig).toEqual({ access: 'public', provenance: true });
});

it.each(['checks', 'release'])('workflow %s runs scripts that there are', (name) => {
  type Job = { readonly steps: readonly { readonly run?: string }[] };
  const { jobs } = parse(read(`.github/workflows/${name}.yml`)) as { jobs: Record<string, Job> };
  const named = Object.values(jobs)
    .flatMap(({ steps }) => steps)
    .flatMap(({ run = '' }) => [...run.matchAll(/\bnpm run ([\w:]+)/g)].map(([, script = '']) => script));
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
});

it.skipIf(process.platform === 'win32')('names all images by the digest that the registry has', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'docker-'));
  const pin = (digest: string) => {
    const docker = path.join(folder, 'docker');
    writeFileSync(docker, `#!/bin/sh\n[ "$1 $2 $3" = 'buildx imagetools inspect' ] && echo "${digest}"\n`);
    chmodSync(docker, 0o755);
    return spawnSync(process.execPath, ['.ci/pin-images.mjs'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` },
    });
  };
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  const { status, stdout } = pin(digest);
  const lines = stdout.trim().split('\n');
  expect([status, lines.map((line) => line.replace(/=.*/, ''))]).toEqual([
    0,
    ['NODE_IMAGE', 'POSTGRES_IMAGE', 'VALKEY_IMAGE', 'GRAFANA_IMAGE'],
  ]);
  for (const line of lines) expect(line).toMatch(new RegExp(`^\\w+=[\\w./-]+:[\\w.-]+@${digest}$`));
  expect(lines[0]).toContain(
    /NODE_IMAGE=(\S+)/.exec(read('Dockerfile').replaceAll(/^#.*$/gm, ''))?.[1] ?? 'no image',
  );
  expect(pin('').status).toBe(1);
});
