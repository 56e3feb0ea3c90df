import { key } from './key.ts';
import type { Access, Label, List, ListPath, SessionDetails } from './rows.ts';

/** What a page may ask for; values of undefined and '' are left out, several values mean any of them. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** An answer that is none, as RFC 9457 tells it; `status` 0: there was no answer. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function toSearch(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value])
      if (one !== undefined && one !== '') search.append(name, String(one));
  }
  return search.size === 0 ? '' : `?${search}`;
}

/** Asks the API with the key of this tab. Throws ApiProblem. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const secret = key.read();
  const headers = { ...(secret !== null && { authorization: `Bearer ${secret}` }) };
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, headers });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new ApiProblem(0, 'The service does not answer.');
  }
  if (answer.ok) return answer;
  throw new ApiProblem(answer.status, await readProblem(answer));
}

async function readProblem(answer: Response): Promise<string> {
  type Problem = {
    readonly detail?: string;
    readonly errors?: readonly { readonly parameter: string; readonly message: string }[];
  };
  try {
    const { detail = '', errors = [] } = (await answer.json()) as Problem;
    const wrong = errors.map(({ parameter, message }) => `${parameter} ${message}`).join('; ');
    return wrong === '' ? detail : wrong;
  } catch {
    return `The service answers ${answer.status}.`;
  }
}

async function read<T>(path: string, signal: AbortSignal | undefined): Promise<T> {
  return (await send(path, signal === undefined ? {} : { signal })).json() as Promise<T>;
}

export const readList = <P extends ListPath>(path: P, query: Query, signal?: AbortSignal): Promise<List<P>> =>
  read(`${path}${toSearch(query)}`, signal);

export const readSession = (
  id: string,
  source: string | undefined,
  signal?: AbortSignal,
): Promise<SessionDetails> =>
  read(`/api/v1/sessions/${encodeURIComponent(id)}${toSearch({ source })}`, signal);

export const readAccess = (signal?: AbortSignal): Promise<Access> => read('/api/v1/access', signal);

/** The labels of that name that the key may see, as they were given. */
export async function readLabels(name: string, signal?: AbortSignal): Promise<readonly Label[]> {
  const labels: Label[] = [];
  for (let cursor: string | undefined; ;) {
    const { data, page } = await readList('/api/v1/labels', { name, cursor, limit: 1_000 }, signal);
    labels.push(...data);
    if (page.nextCursor === null) return labels;
    cursor = page.nextCursor;
  }
}

/** When it was asked for: runs since then are the answer. */
export async function requestSync(source: string): Promise<string> {
  const answer = await send(`/api/v1/sources/${encodeURIComponent(source)}/sync`, { method: 'POST' });
  return ((await answer.json()) as { readonly requestedAt: string }).requestedAt;
}
