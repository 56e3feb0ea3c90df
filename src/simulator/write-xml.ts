import type { ShownSession } from './view.ts';
import { draw, guid } from './random.ts';
import type { DiscoverableComputer, SimulatedComputer, SimulatedJob, SimulatedServer } from './world.ts';

export type Version = '9.5' | '11' | '12' | '13';

/** How this Enterprise Manager writes: its version, and the address it believes to have. */
export type Style = { readonly version: Version; readonly hrefBase: string };

const namespaces =
  'xmlns="http://www.veeam.com/ent/v1.0" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
export const prolog = '<?xml version="1.0" encoding="utf-8"?>\n';

export const openRoot = (name: string) => `<${name} ${namespaces}>`;
export const document = (name: string, content: string) => `${prolog}${openRoot(name)}${content}</${name}>`;

const special: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const escapeXml = (text: string) => text.replace(/[&<>"]/g, (char) => special[char] ?? char);

/** `2026-06-16T06:33:10.659559` with as many digits as the version writes, zeros at the end trimmed. */
function isoTime(style: Style, micros: number): string {
  const digits = style.version === '13' ? 6 : style.version === '9.5' ? 0 : 3;
  const whole = new Date(Math.floor(micros / 1_000_000) * 1_000).toISOString().slice(0, 19);
  const fraction = String(micros % 1_000_000)
    .padStart(6, '0')
    .slice(0, digits)
    .replace(/0+$/, '');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** In elements. */
export const utc = (style: Style, micros: number) => `${isoTime(style, micros)}Z`;
/** In names: seconds up to version 12, microseconds from 13. */
const inName = (style: Style, micros: number) =>
  style.version === '13'
    ? isoTime(style, micros).replace('T', ' ')
    : isoTime({ ...style, version: '9.5' }, micros).replace('T', ' ');

const link = (rel: string, href: string, type: string, name?: string) =>
  `<Link Rel="${rel}" Href="${escapeXml(href)}"${name === undefined ? '' : ` Name="${escapeXml(name)}"`} Type="${type}" />`;

export const jobNameOf = (job: SimulatedJob, computer: SimulatedComputer | undefined) =>
  computer === undefined ? job.name : `${job.name} - ${computer.name}`;
export const sessionName = (style: Style, { session }: ShownSession) =>
  `${jobNameOf(session.job, session.computer)}@${inName(style, session.createdAt)}`;

function sessionLinks(style: Style, shown: ShownSession, form: 'entity' | 'reference'): string {
  const { session } = shown;
  const base = style.hrefBase;
  const own = `${base}/api/backupSessions/${session.id}`;
  const jobId = session.computer?.jobId ?? session.job.id;
  return [
    link(
      'Up',
      `${base}/api/backupServers/${session.job.server.id}`,
      'BackupServerReference',
      session.job.server.name,
    ),
    link('Up', `${base}/api/agents/jobs/${jobId}`, 'JobReference', jobNameOf(session.job, session.computer)),
    session.type === 'AgentBackup'
      ? link('Alternate', `${own}/agentManagementSessions`, 'BackupJobSessionReferenceList')
      : session.parentId === undefined
        ? ''
        : link(
            'Up',
            `${base}/api/backupSessions/${session.parentId}`,
            'BackupJobSessionReference',
            'Parent session',
          ),
    form === 'reference'
      ? link('Alternate', `${own}?format=Entity`, 'BackupJobSession', sessionName(style, shown))
      : link('Alternate', own, 'BackupJobSessionReference', sessionName(style, shown)),
    link('Down', `${own}/taskSessions`, 'BackupTaskSessionReferenceList'),
    form === 'entity' && shown.state !== 'Stopped' ? `<Link Rel="Stop" Href="${own}?action=stop" />` : '',
    form === 'entity' &&
    session.computer !== undefined &&
    shown.result !== 'Failed' &&
    shown.state === 'Stopped'
      ? link(
          'Related',
          `${base}/api/restorePoints/${guid(session.id, 'point')}?format=Entity`,
          'RestorePointReference',
          '',
        )
      : '',
  ].join('');
}

const sessionHead = (style: Style, shown: ShownSession, element: string, type: string, query: string) =>
  `<${element} Type="${type}" Href="${style.hrefBase}/api/backupSessions/${shown.session.id}${query}" ` +
  `Name="${escapeXml(sessionName(style, shown))}" UID="urn:veeam:BackupJobSession:${shown.session.id}"`;

export function sessionReference(
  style: Style,
  shown: ShownSession,
  element = 'Ref',
  attributes = '',
): string {
  const head = sessionHead(style, shown, element, 'BackupJobSessionReference', '');
  return `${head}${attributes}><Links>${sessionLinks(style, shown, 'reference')}</Links></${element}>`;
}

export function sessionEntity(style: Style, shown: ShownSession, attributes = ''): string {
  const { session } = shown;
  const jobId = session.computer?.jobId ?? session.job.id;
  return (
    `${sessionHead(style, shown, 'BackupJobSession', 'BackupJobSession', '?format=Entity')}${attributes}>` +
    `<Links>${sessionLinks(style, shown, 'entity')}</Links>` +
    `<JobUid>urn:veeam:Job:${jobId}</JobUid><JobName>${escapeXml(jobNameOf(session.job, session.computer))}</JobName>` +
    `<JobType>${session.type}</JobType><CreationTimeUTC>${utc(style, session.createdAt)}</CreationTimeUTC>` +
    (shown.endedAt === undefined ? '' : `<EndTimeUTC>${utc(style, shown.endedAt)}</EndTimeUTC>`) +
    `<State>${shown.state}</State><Result>${shown.result}</Result><Progress>${shown.progress}</Progress>` +
    `<IsRetry>${session.isRetry}</IsRetry></BackupJobSession>`
  );
}

export const taskId = (sessionId: string) => guid(sessionId, 'task');
export const taskTimes = ({ session, endedAt }: ShownSession) => ({
  begins: session.createdAt + Math.floor(2_000_000 * draw(session.id, 'task')),
  ended: endedAt,
});
export const taskName = (style: Style, shown: ShownSession) =>
  `${shown.session.computer?.name ?? ''}@${inName(style, taskTimes(shown).begins)}`;

export function taskEntity(
  style: Style,
  shown: ShownSession,
  form: 'entity' | 'reference',
  attributes = '',
): string {
  const { session } = shown;
  const id = taskId(session.id);
  const machine = session.computer?.name ?? '';
  const element = form === 'entity' ? 'BackupTaskSession' : 'Ref';
  const { begins } = taskTimes(shown);
  const links =
    link(
      'Up',
      `${style.hrefBase}/api/backupServers/${session.job.server.id}`,
      'BackupServerReference',
      session.job.server.name,
    ) +
    link(
      'Up',
      `${style.hrefBase}/api/backupSessions/${session.id}`,
      'BackupJobSessionReference',
      sessionName(style, shown),
    );
  const head =
    `<${element} Type="${form === 'entity' ? 'BackupTaskSession' : 'BackupTaskSessionReference'}" ` +
    `Href="${style.hrefBase}/api/backupTaskSessions/${id}${form === 'entity' ? '?format=Entity' : ''}" ` +
    `Name="${escapeXml(taskName(style, shown))}" UID="urn:veeam:BackupTaskSession:${id}"` +
    `${form === 'entity' ? ` VmDisplayName="${escapeXml(machine)}"` : ''}${attributes}><Links>${links}</Links>`;
  if (form === 'reference') return `${head}</${element}>`;
  const isDone = shown.state === 'Stopped';
  return (
    `${head}<JobSessionUid>urn:veeam:BackupJobSession:${session.id}</JobSessionUid>` +
    `<CreationTimeUTC>${utc(style, begins)}</CreationTimeUTC>` +
    (shown.endedAt === undefined ? '' : `<EndTimeUTC>${utc(style, shown.endedAt)}</EndTimeUTC>`) +
    `<State>${isDone ? 'Completed' : 'InProgress'}</State><Result>${shown.result}</Result>` +
    (isDone && session.reason !== '' ? `<Reason>${escapeXml(session.reason)}</Reason>` : '<Reason />') +
    `<TotalSize>${isDone ? session.bytes : 0}</TotalSize></BackupTaskSession>`
  );
}

export function jobEntity(
  style: Style,
  job: SimulatedJob,
  form: 'entity' | 'reference',
  nextRun: number,
  attributes = '',
): string {
  const element = form === 'entity' ? 'AgentBackupJob' : 'Ref';
  const own = `${style.hrefBase}/api/agents/jobs/${job.id}`;
  const links =
    link(
      'Up',
      `${style.hrefBase}/api/backupServers/${job.server.id}`,
      'BackupServerReference',
      job.server.name,
    ) + link('Down', `${own}/backupSessions`, 'BackupJobSessionReferenceList');
  const head =
    `<${element} Type="${form === 'entity' ? 'AgentBackupJob' : 'JobReference'}" Href="${own}${form === 'entity' ? '?format=Entity' : ''}" ` +
    `Name="${escapeXml(job.name)}" UID="urn:veeam:AgentBackupJob:${job.id}"${attributes}><Links>${links}</Links>`;
  if (form === 'reference') return `${head}</${element}>`;
  return (
    `${head}<JobType>AgentBackup</JobType><Platform>${job.platform}</Platform><Description>${escapeXml(job.description)}</Description>` +
    `<ScheduleConfigured>true</ScheduleConfigured><ScheduleEnabled>true</ScheduleEnabled><NextRun>${utc(style, nextRun)}</NextRun></AgentBackupJob>`
  );
}

export function serverEntity(
  style: Style,
  server: SimulatedServer,
  form: 'entity' | 'reference',
  attributes = '',
): string {
  const element = form === 'entity' ? 'BackupServer' : 'Ref';
  const own = `${style.hrefBase}/api/backupServers/${server.id}`;
  const head =
    `<${element} Type="${form === 'entity' ? 'BackupServer' : 'BackupServerReference'}" Href="${own}${form === 'entity' ? '?format=Entity' : ''}" ` +
    `Name="${escapeXml(server.name)}" UID="urn:veeam:BackupServer:${server.id}"${attributes}>` +
    `<Links>${link('Alternate', own, 'BackupServerReference', server.name)}</Links>`;
  if (form === 'reference') return `${head}</${element}>`;
  return `${head}<Description>${escapeXml(server.description)}</Description><Port>9392</Port><Version>${server.version}</Version></BackupServer>`;
}

export function computerEntity(computer: DiscoverableComputer): string {
  return (
    `<DiscoveredComputer Type="DiscoveredComputer" Name="${escapeXml(computer.name)}" UID="urn:veeam:DiscoveredComputer:${guid('computer', computer.name)}">` +
    `<HostStatus>Online</HostStatus><AgentVersion>6.3.2.1302</AgentVersion><AgentStatus>Installed</AgentStatus><IpAddress>${computer.address}</IpAddress></DiscoveredComputer>`
  );
}
