import { randomUUID } from 'node:crypto';
import type { DoubleSession, DoubleTask } from './em-double.ts';

/** Names as people and programs give them, and worse. */
export const awkwardNames = [
  'user@host @ night',
  'R&D <prod> "gold" \'x\'',
  '=cmd|calc!A0',
  '💾 Sicherung – Zürich',
  'a - b - c',
  "Robert'); drop table sessions;--",
  '{null,"x"}',
  'null',
  'back\\slash',
  '100%_sure',
  'n'.repeat(1_000),
  ' leading and trailing ',
];

/** Jobs with those names, each with two computers, some days of runs, an orphan, words nobody knows. */
export function awkwardHistory(day: string): { sessions: DoubleSession[]; tasks: DoubleTask[] } {
  const sessions: DoubleSession[] = [];
  const tasks: DoubleTask[] = [];
  awkwardNames.forEach((jobName, index) => {
    const server = {
      serverId: randomUUID(),
      serverName: `vbr ${awkwardNames[(index + 1) % awkwardNames.length]?.slice(0, 40) ?? ''}`,
    };
    const jobId = randomUUID();
    const childJobs = ['PC-1', `PC - ${index}`].map((machine) => ({
      machine,
      jobId: randomUUID(),
      jobName: `${jobName} - ${machine}`,
    }));
    for (let run = 0; run < 4; run += 1) {
      const minute = String(index).padStart(2, '0');
      const created = `${day}T0${run}:${minute}:07.123456Z`;
      const isOrphaned = index === 3 && run === 0;
      const parent: DoubleSession = {
        id: randomUUID(),
        name: `${jobName}@${created}`,
        jobType: 'AgentBackup',
        jobId,
        jobName,
        ...server,
        created,
        ended: `${day}T0${run}:${minute}:59.5Z`,
        state: 'Stopped',
        result: index === 5 ? 'Sideways' : 'Success',
        progress: 100,
        isRetry: run === 2,
      };
      if (!isOrphaned) sessions.push(parent);
      for (const { machine, ...child } of childJobs) {
        const isRunning = run === 3 && index % 4 === 0;
        const id = randomUUID();
        sessions.push({
          id,
          name: `${child.jobName}@${created}`,
          jobType: index === 6 ? 'AgentFuture' : 'AgentManagement',
          ...child,
          ...server,
          parentId: parent.id,
          created,
          ...(!isRunning && { ended: `${day}T0${run}:${minute}:58Z` }),
          state: isRunning ? 'Working' : index === 7 ? 'Hibernating' : 'Stopped',
          result: isRunning ? 'None' : (['Success', 'Warning', 'Failed'][(run + index) % 3] ?? ''),
          progress: isRunning ? 40 : 100,
          ...(index === 8 && { more: '<Flavour Kind="new">sweet &amp; sour<Note>1</Note></Flavour>' }),
        });
        tasks.push({
          id: randomUUID(),
          sessionId: id,
          machine,
          result: 'Success',
          reason: run === 1 ? `Because of ${jobName}` : '',
          size: String(10 ** 12 + run),
          created,
          ended: `${day}T0${run}:${minute}:58Z`,
        });
      }
    }
  });
  // As unordered as EM's lists are.
  return { sessions: sessions.sort((a, b) => a.id.localeCompare(b.id)), tasks };
}
