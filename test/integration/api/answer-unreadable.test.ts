import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { unreadableAnswerer } from '../../../src/api/answer-unreadable.ts';
import { openServer } from '../../../src/api/open-server.ts';

let server: http.Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listen(isCrowded: boolean): Promise<number> {
  server = openServer((_request, response) => response.end('good'));
  server.on(
    'clientError',
    unreadableAnswerer(() => isCrowded),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

describe.each([true, false])(
  'what cannot be read, while the process has no time to spare: %s',
  (isCrowded) => {
    it.each([
      ['no HTTP', 'garbage\r\n\r\n', 400],
      ['headers without end', `GET / HTTP/1.1\r\nhost: x\r\na: ${'b'.repeat(200_000)}\r\n\r\n`, 431],
      // Each of them once made the parser complain.
      ['much of it', 'garbage\r\n\r\n'.repeat(20_000), 400],
    ])('is answered once: %s', async (_, sent, status) => {
      const port = await listen(isCrowded);
      const socket = net.connect(port, '127.0.0.1');
      socket.write(sent);
      const answer = await text(socket);
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
      expect(answer).toMatch(/"status":\d+.*\}$/s);
    });
  },
);

it('is answered after those who came later and asked well, while the process has no time to spare', async () => {
  const port = await listen(true);
  const answers: string[] = [];
  const bad = net.connect(port, '127.0.0.1');
  await once(bad, 'connect');
  bad.write('garbage\r\n\r\n');
  const refused = text(bad).then((answer) => answers.push(answer.slice(9, 12)));
  for (let asked = 0; asked < 3; asked += 1)
    answers.push(await (await fetch(`http://127.0.0.1:${port}/`)).text());
  await refused;
  expect(answers).toEqual(['good', 'good', 'good', '400']);
});
