import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { openLog } from '../../../src/log/open-log.ts';

const hostile = 'vbr\u001b[2J\u009b1m\b\f\r\u202e01 \\u001b "quoted"\ttab';

async function write(isTTY: boolean): Promise<string> {
  const stream = new PassThrough();
  const stderr = Object.assign(stream, { isTTY, hasColors: () => false }) as unknown as NodeJS.WriteStream;
  const log = await openLog(stderr, 'info');
  log.info({ path: `/${hostile}` }, `Told of ${hostile}`);
  log.warn({ err: new Error(hostile) }, 'failed');
  return String(stream.read());
}

it.each([
  ['a person', true],
  ['machines', false],
])('writes nothing for %s that a terminal acts on', async (_who, isTTY) => {
  const text = await write(isTTY);
  expect(text).toContain('vbr');
  // eslint-disable-next-line no-control-regex -- they are what must not be there; colours are its own
  expect(text.replaceAll(/\u001b\[\d+m/g, '')).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
});

it('writes lines that are JSON still, and what needs no change as it is', async () => {
  const [line] = (await write(false)).split('\n');
  expect(JSON.parse(line ?? '')).toMatchObject({
    msg: 'Told of vbr [2J 1m    01 \\u001b "quoted"\ttab',
  });
});
