import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
