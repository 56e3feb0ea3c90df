import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
const { scripts, engines } = JSON.parse(read('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
};
type Locked = { readonly engines?: { readonly node?: string }; readonly optional?: boolean };
const { packages } = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};

it.each(Object.entries(scripts))('script %s means the same to cmd.exe as to a POSIX shell', (_, script) => {
  for (const command of script.split(' && ')) {
    // What stands between double quotes is one word to both, if neither's signs for variables are in it.
    const bare = command.replaceAll(/"[^"]*"/g, '');
    expect(bare).not.toMatch(/['`;|<>&*^$\\]/);
    expect(command).not.toMatch(/[$%^`!]/);
    expect(command).toMatch(/^(npm run|node|prisma|tsc|vite|vitest|eslint|prettier|depcruise|knip)\b/);
  }
});

it('locks nothing that wants a newer Node than this program does', () => {
  const [floor = ''] = /\d+\.\d+/.exec(engines.node) ?? [];
  expect(floor).toBe('20.19');
  const tooNew = Object.entries(packages).filter(([, { engines: wanted, optional }]) => {
    const ranges = wanted?.node?.split('||') ?? [];
    return optional !== true && ranges.length > 0 && !ranges.some((range) => includes(range, floor));
  });
  expect(tooNew.map(([name, { engines: wanted }]) => `${name} ${wanted?.node ?? ''}`)).toEqual([]);
});

/** Whether a range as packages write it (`>=18`, `^20.19.0`, `18 || 20`) includes the newest patch of a version. */
function includes(range: string, version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return range
    .trim()
    .replaceAll(/([<>=^~]+)\s+/g, '$1')
    .split(/\s+/)
    .every((part) => {
      const [, sign = '', first = '', second = ''] = /^([<>=^~]*)v?(\d+|\*|x)?(?:\.(\d+))?/.exec(part) ?? [];
      if (first === '' || first === '*' || first === 'x') return true;
      const [low, lowMinor] = [Number(first), second === '' ? 0 : Number(second)];
      const isAtLeast = major > low || (major === low && minor >= lowMinor);
      if (sign.startsWith('>')) return isAtLeast;
      if (sign.startsWith('<')) return !isAtLeast;
      return major === low && isAtLeast;
    });
}
