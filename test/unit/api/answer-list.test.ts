import { once } from 'node:events';
import http from 'node:http';
import type { Socket } from 'node:net';
import Fastify from 'fastify';
import pg from 'pg';
import { expect, it } from 'vitest';
import { answerList } from '../../../src/api/answer-list.ts';
import { answerProblem } from '../../../src/api/answer-problem.ts';
import type { QueryOptions } from '../../../src/api/query-options.ts';
import { createTurns } from '../../../src/api/take-turns.ts';
import { sessions } from '../../../src/query/resources/sessions.ts';
import { downloadsAtOnce } from '../../../src/query/sql/open-query-pool.ts';

it('leaves nothing behind in a connection whose download it refuses', async () => {
  const pool = new pg.Pool();
  const options: QueryOptions = {
    version: '0',
    dashboardFolder: '',
    pool: () => pool,
    accessPool: () => pool,
    noteKeyUse: () => undefined,
    requestSync: () => Promise.resolve('unknown'),
    labels: { change: () => Promise.resolve({ changed: 0, problems: [] }) },
    rateLimit: 1,
    corsOrigins: [],
  };
  const turns = createTurns({ connections: 1, atOnce: 1, burstMs: 1, waiting: 1, waitMs: 1 });
  const downloads = new Map([['others', downloadsAtOnce]]);
  const api = Fastify();
  const sockets = new Set<Socket>();
  api.setErrorHandler(answerProblem);
  api.decorateRequest('access', undefined);
  api.addHook('onRequest', (request, _reply, done) => {
    sockets.add(request.raw.socket);
    done();
  });
  api.get('/sessions', answerList(sessions, options, { turns, downloads }));
  const url = await api.listen({ port: 0, host: '127.0.0.1' });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const listenersAfter = async (requests: number) => {
    for (let each = 0; each < requests; each += 1) {
      const request = http.get(`${url}/sessions?format=csv`, { agent });
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      expect(response.statusCode).toBe(429);
      await once(response.resume(), 'end');
    }
    const [socket] = sockets;
    return socket?.listenerCount('close');
  };
  const few = await listenersAfter(2);
  expect(await listenersAfter(20)).toBe(few);
  expect(sockets.size).toBe(1);
  agent.destroy();
  await api.close();
});
