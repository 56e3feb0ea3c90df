import { XMLParser } from 'fast-xml-parser';
import { request } from 'undici';

/** What an afternoon script knows of a session. */
export type Row = {
  readonly id: string;
  readonly name: string;
  readonly jobType: string | null;
  readonly jobId: string | null;
  readonly jobName: string | null;
  readonly parentId: string | null;
  readonly serverId: string | null;
  readonly serverName: string | null;
  readonly created: string | null;
  readonly ended: string | null;
  readonly state: string | null;
  readonly result: string | null;
  readonly progress: number | null;
  readonly isRetry: boolean;
};

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  isArray: (name) => name === 'BackupJobSession' || name === 'Ref' || name === 'Link',
  // Its limit is made for hostile documents; a long list has more `&amp;` than that.
  processEntities: { enabled: true, maxTotalExpansions: Infinity, maxExpandedLength: Infinity },
});

type Element = Readonly<Record<string, unknown>>;

/** Logs on and fetches a path whole, as text. */
export async function logOn(url: string): Promise<(path: string) => Promise<string>> {
  const logon = await request(`${url}/api/sessionMngr/?v=latest`, {
    method: 'POST',
    headers: { authorization: 'Basic YTpi' },
  });
  await logon.body.dump();
  const token = String(logon.headers['x-restsvcsessionid']);
  return async (path) => {
    const { body } = await request(`${url}/api${path}`, { headers: { 'x-restsvcsessionid': token } });
    return body.text();
  };
}

/** Parses a whole document of sessions, whatever its form. */
export function parseDocument(text: string): readonly Row[] {
  const document = parser.parse(text) as Readonly<
    Record<string, Readonly<Record<string, readonly Element[]>>>
  >;
  const records =
    document['BackupJobSessions']?.['BackupJobSession'] ?? document['EntityReferences']?.['Ref'];
  const one = document['BackupJobSession'] as unknown as readonly Element[] | undefined;
  return (records ?? one ?? []).map(rowOf);
}

const textOf = (element: Element, key: string) => (typeof element[key] === 'string' ? element[key] : null);
const guidOf = (value: string | null) =>
  /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/i.exec(value ?? '')?.[0] ?? null;

function rowOf(element: Element): Row {
  const links = (element['Links'] as { readonly Link?: readonly Element[] } | undefined)?.Link ?? [];
  const up = (type: string) => links.find((link) => link['@Rel'] === 'Up' && link['@Type'] === type) ?? {};
  const job = up('JobReference');
  const server = up('BackupServerReference');
  const progress = textOf(element, 'Progress');
  return {
    id: guidOf(textOf(element, '@UID')) ?? '',
    name: textOf(element, '@Name') ?? '',
    jobType: textOf(element, 'JobType'),
    jobId: guidOf(textOf(job, '@Href')),
    jobName: textOf(job, '@Name'),
    parentId: guidOf(textOf(up('BackupJobSessionReference'), '@Href')),
    serverId: guidOf(textOf(server, '@Href')),
    serverName: textOf(server, '@Name'),
    created: textOf(element, 'CreationTimeUTC'),
    ended: textOf(element, 'EndTimeUTC'),
    state: textOf(element, 'State'),
    result: textOf(element, 'Result'),
    progress: progress === null ? null : Number(progress),
    isRetry: textOf(element, 'IsRetry') === 'true',
  };
}
