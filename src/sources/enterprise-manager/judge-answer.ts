import { printable } from '../../domain/printable.ts';
import { SyncError, type ErrorKind } from '../../domain/sync-error.ts';
import { maxSmallBytes } from './bounds.ts';
import { cutText } from './decode-text.ts';
import { readEntity } from './entity.ts';
import { MalformedXml, parseXml } from './parse-xml.ts';
import { readWhole } from './read-whole.ts';
import { shownPath, type Answer } from './transport.ts';

/**
 * What an answer means, decided here and nowhere else. `document`: read on. `gone`: EM itself says that there is no such
 * thing. `forbidden`: not for this account. `expired`: EM does not know the token (any more). `unsupported`: EM does not
 * know the request. `trouble`: EM, or something before it, has a problem of its own.
 */
export type Judgement =
  { readonly as: 'document' } | { readonly as: Refusal; readonly kind: ErrorKind; readonly reason: string };
type Refusal = 'gone' | 'forbidden' | 'expired' | 'unsupported' | 'trouble';

/** Reads the body of what is no success. */
export async function judgeAnswer(answer: Answer): Promise<Judgement> {
  const { status, request } = answer;
  if (status >= 200 && status < 300) return { as: 'document' };
  const error = await readError(answer);
  const said = error?.message === undefined || error.message === '' ? '' : `: ${error.message}`;
  const what = `Enterprise Manager answered ${status} to ${request.method} ${shownPath(request.path)}${said}.`;
  const refuse = (as: Refusal, kind: ErrorKind, hint = '') => ({ as, kind, reason: what + hint }) as const;
  if (status === 401) return refuse('expired', 'unauthorized', ' Check EM_USERNAME and EM_PASSWORD.');
  if (status === 403)
    return refuse(
      'forbidden',
      'unauthorized',
      ' The account needs at least the role Portal User in Enterprise Manager.',
    );
  if (status === 404) {
    // A proxy's 404 says nothing about a session: only EM's own document does.
    const isOwn = error !== undefined && (error.status === undefined || error.status === 404);
    return isOwn
      ? refuse('gone', 'contract')
      : refuse('trouble', 'contract', ` That is not Enterprise Manager's own answer. ${whereToLook}`);
  }
  if (status === 400 || status === 405 || status === 501) return refuse('unsupported', 'permanent');
  if (status >= 300 && status < 400)
    return refuse(
      'trouble',
      'permanent',
      ' Redirects are not followed, so that the logon goes nowhere else. Set EM_URL to the final address.',
    );
  if (status >= 500 || status === 429 || status === 408) return refuse('trouble', 'transient');
  return refuse('trouble', 'permanent', ` ${whereToLook}`);
}

/** For what concerns the whole source: a resource that every Enterprise Manager has, and this server has not. */
export function asError(judgement: Exclude<Judgement, { readonly as: 'document' }>): SyncError {
  return judgement.as === 'gone'
    ? new SyncError('permanent', `${judgement.reason} ${whereToLook}`)
    : new SyncError(judgement.kind, judgement.reason);
}

export const whereToLook =
  'Is EM_URL the address of Enterprise Manager itself (usually https://host:9398), with no proxy page in between?';

/** Says what came instead of a document with a root that was expected. `what`: "The session list". */
export function wrongRoot(what: string, root: string): SyncError {
  if (root.toLowerCase() === 'html')
    return new SyncError('contract', `${what} is an HTML page. ${whereToLook}`);
  return new SyncError('contract', `${what} begins with <${cutText(root, 50)}>. ${whereToLook}`);
}

/** A break in a document, said of the document. */
export function explainBreak(what: string, error: unknown): unknown {
  if (!(error instanceof SyncError) || error.kind !== 'contract' || /^[A-Z]/.test(error.message))
    return error;
  if (error.message.startsWith('is JSON'))
    return new SyncError('contract', `${what}: Enterprise Manager answered JSON, though XML was asked for.`, {
      cause: error,
    });
  const hint = /(HTML page|not XML)/.test(error.message) ? ` ${whereToLook}` : ' What came before is kept.';
  return new SyncError('contract', `${what} ${error.message}.${hint}`, { cause: error });
}

/** EM's own `Error` document, if that is what it is. */
async function readError(
  answer: Answer,
): Promise<{ readonly message: string; readonly status: number | undefined } | undefined> {
  try {
    const body = await readWhole(answer, maxSmallBytes);
    const error = readEntity(parseXml(body.toString('utf8')));
    if (error.name !== 'Error') return undefined;
    const value = (name: string) => error.text(`@${name}`) ?? error.text(name);
    const status = value('StatusCode');
    return {
      message: cutText(printable(value('Message') ?? ''), 500).replace(/\.$/, ''),
      status: status === undefined || status.trim() === '' ? undefined : Number(status),
    };
  } catch (error) {
    if (error instanceof MalformedXml || (error instanceof SyncError && error.kind !== 'interrupted'))
      return undefined;
    throw error;
  }
}
