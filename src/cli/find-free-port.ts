import { once } from 'node:events';
import { createServer } from 'node:net';

/** The wanted port of this machine if nobody listens there now, else 0: any that is free. */
export async function findFreePort(wanted: number): Promise<number> {
  const server = createServer();
  try {
    server.listen(wanted, '127.0.0.1');
    await once(server, 'listening');
    return wanted;
  } catch {
    return 0;
  } finally {
    server.close();
  }
}
