import type { MadeSession } from './make-sessions.ts';

// Written from the vendor's pages alone, so that the program's parser and this cannot share a mistake.

const base = 'https://em.corp.example:9398/api';
export const namespaces =
  'xmlns="http://www.veeam.com/ent/v1.0" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
export const prolog = '<?xml version="1.0" encoding="utf-8"?>\n';

const text = (value: string) =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
const link = (rel: string, path: string, type: string, name?: string) =>
  `<Link Rel="${rel}" Href="${base}/${path}"${name === undefined ? '' : ` Name="${text(name)}"`} Type="${type}" />`;

function links(session: MadeSession, form: 'entity' | 'reference'): string {
  const own = `backupSessions/${session.id}`;
  return [
    link('Up', `backupServers/${session.serverId}`, 'BackupServerReference', session.serverName),
    link('Up', `agents/jobs/${session.jobId}`, 'JobReference', session.jobName),
    session.parent === undefined
      ? link('Alternate', `${own}/agentManagementSessions`, 'BackupJobSessionReferenceList')
      : link('Up', `backupSessions/${session.parent.id}`, 'BackupJobSessionReference', 'Parent session'),
    form === 'entity'
      ? link('Alternate', own, 'BackupJobSessionReference', session.name)
      : link('Alternate', `${own}?format=Entity`, 'BackupJobSession', session.name),
    link('Down', `${own}/taskSessions`, 'BackupTaskSessionReferenceList'),
    form === 'entity' && session.parent !== undefined && session.result !== 'Failed'
      ? link('Related', `restorePoints/${session.id}?format=Entity`, 'RestorePointReference', '')
      : '',
  ].join('');
}

export function renderEntity(session: MadeSession, attributes = ''): string {
  return (
    `<BackupJobSession${attributes} Type="BackupJobSession" Href="${base}/backupSessions/${session.id}?format=Entity" ` +
    `Name="${text(session.name)}" UID="urn:veeam:BackupJobSession:${session.id}"><Links>${links(session, 'entity')}</Links>` +
    `<JobUid>urn:veeam:Job:${session.jobId}</JobUid><JobName>${text(session.jobName)}</JobName>` +
    `<JobType>${session.parent === undefined ? 'AgentBackup' : 'AgentManagement'}</JobType>` +
    `<CreationTimeUTC>${session.created}</CreationTimeUTC><EndTimeUTC>${session.ended}</EndTimeUTC>` +
    `<State>Stopped</State><Result>${session.result}</Result><Progress>100</Progress>` +
    `<IsRetry>${session.isRetry}</IsRetry></BackupJobSession>`
  );
}

export function renderReference(session: MadeSession): string {
  return (
    `<Ref UID="urn:veeam:BackupJobSession:${session.id}" Name="${text(session.name)}" ` +
    `Href="${base}/backupSessions/${session.id}" Type="BackupJobSessionReference"><Links>${links(session, 'reference')}</Links></Ref>`
  );
}

/** The whole list, rendered piece by piece: as one string it could be longer than a string may be. */
export function renderList(
  sessions: readonly MadeSession[],
  root: string,
  render: (session: MadeSession) => string,
): Buffer {
  const pieces = [Buffer.from(`${prolog}<${root} ${namespaces}>`)];
  for (let at = 0; at < sessions.length; at += 1_000)
    pieces.push(
      Buffer.from(
        sessions
          .slice(at, at + 1_000)
          .map((session) => render(session))
          .join(''),
      ),
    );
  pieces.push(Buffer.from(`</${root}>`));
  return Buffer.concat(pieces);
}
