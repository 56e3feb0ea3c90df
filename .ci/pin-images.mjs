// Prints the images that docker-compose.yml names by tag as they are today, by digest: what belongs into .env to run exactly these.
//   node .ci/pin-images.mjs
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const compose = readFileSync(new URL('../docker-compose.yml', import.meta.url), 'utf8');
const named = new Map(
  [...compose.matchAll(/\$\{(\w+_IMAGE):-([^}]+)\}/g)].map(([, name, image]) => [name, image]),
);
// Ours is in no registry before its release.
named.delete('SESSION_HISTORY_IMAGE');
for (const [name, image] of named) console.log(`${name}=${image}@${resolve(image)}`);

function resolve(image) {
  const args = ['buildx', 'imagetools', 'inspect', image, '--format', '{{.Manifest.Digest}}'];
  const { status, stdout, stderr, error } = spawnSync('docker', args, { encoding: 'utf8' });
  const digest = stdout?.trim();
  if (status === 0 && /^sha256:[\da-f]{64}$/.test(digest)) return digest;
  console.error(`${image}: ${error?.message ?? (stderr.trim() || `no digest in "${digest}"`)}`);
  process.exit(1);
}
