import process from 'node:process';
import { Pool, type Dispatcher } from 'undici';

// Asks paths in turn as fast as answers come. Arguments: URL, clients, seconds, paths with spaces between them.
const [url = '', clients = '8', seconds = '5', paths = '/'] = process.argv.slice(2);
const all = paths.split(' ');
const pool = new Pool(url, { connections: Number(clients), pipelining: 1 });
const ask = async (turn: number) => {
  const startedAt = performance.now();
  const answer: Dispatcher.ResponseData = await pool.request({
    method: 'GET',
    path: all[turn % all.length] ?? '/',
  });
  const body = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${body.slice(0, 200)}`);
  return performance.now() - startedAt;
};
for (let turn = 0; turn < all.length * 3; turn += 1) await ask(turn);
const times: number[] = [];
const startedAt = performance.now();
let turns = 0;
const work = async () => {
  while (performance.now() - startedAt < Number(seconds) * 1_000) times.push(await ask((turns += 1)));
};
await Promise.all(Array.from({ length: Number(clients) }, work));
const elapsedMs = performance.now() - startedAt;
times.sort((a, b) => a - b);
const quantile = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
process.stdout.write(
  JSON.stringify({
    perSecond: (times.length / elapsedMs) * 1_000,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  }),
);
process.exit(0);
