import process from 'node:process';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../../src/db/generated/client.ts';
import { logOn, parseDocument } from './document.ts';

// A loop of Prisma upserts into the history's own table, with its indexes and triggers. Arguments: URL, database, how many rows.
const [url = '', database = '', most = '0'] = process.argv.slice(2);
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: database }) });
const source = await prisma.source.create({ data: { name: 'em', url } });
const get = await logOn(url);
for (const row of parseDocument(await get('/agents/backupSessions?format=Entity')).slice(0, Number(most))) {
  const content = {
    sessionName: row.name,
    kind: row.parentId === null ? 'job' : 'computer',
    jobType: row.jobType,
    jobId: row.jobId,
    jobName: row.jobName,
    serverId: row.serverId,
    serverName: row.serverName,
    state: row.state,
    result: row.result,
    isRetry: row.isRetry,
    createdAt: new Date(row.created ?? 0),
    endedAt: row.ended === null ? null : new Date(row.ended),
    progress: row.progress,
  };
  await prisma.backupSession.upsert({
    where: { sessionId_sourceId: { sourceId: source.id, sessionId: row.id } },
    create: { sourceId: source.id, sessionId: row.id, ...content },
    update: content,
  });
}
await prisma.$disconnect();
process.exit(0);
