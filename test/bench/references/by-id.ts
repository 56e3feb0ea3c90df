import process from 'node:process';
import { Pool, type Dispatcher } from 'undici';

// The list of references and then each session by its id, bare: nothing is read but the ids. Arguments: URL, requests at once.
const [url = '', concurrency = '4'] = process.argv.slice(2);
const pool = new Pool(url, { connections: Number(concurrency), pipelining: 1 });
const get = async (path: string) => {
  const answer: Dispatcher.ResponseData = await pool.request({ method: 'GET', path: `/api${path}` });
  return answer.body.text();
};
const list = await get('/agents/backupSessions');
const queue = [...list.matchAll(/<Ref UID="urn:veeam:BackupJobSession:([^"]+)"/g)].map(
  (found) => found[1] ?? '',
);
const work = async () => {
  for (let id = queue.pop(); id !== undefined; id = queue.pop())
    await get(`/backupSessions/${id}?format=Entity`);
};
await Promise.all(Array.from({ length: Number(concurrency) }, work));
process.exit(0);
