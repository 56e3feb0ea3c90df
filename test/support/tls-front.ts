import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createServer } from 'node:tls';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');

export type TlsFront = { readonly url: string; readonly sha256: string; close(): Promise<void> };

/** Puts TLS with a self-signed certificate before a server of this machine. */
export async function startTlsFront(behind: string): Promise<TlsFront> {
  const cert = fixture('server.pem');
  const sockets = new Set<Socket>();
  const server = createServer({ key: fixture('server.key'), cert }, (socket) => {
    const inner = connect(Number(new URL(behind).port), '127.0.0.1');
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  // Who only looks at the certificate hangs up in the middle.
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sha256: new X509Certificate(cert).fingerprint256,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
