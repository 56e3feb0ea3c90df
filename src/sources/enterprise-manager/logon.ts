import { SyncError } from '../../domain/sync-error.ts';
import { children, guidIn } from './entity.ts';
import { parseXml } from './parse-xml.ts';
import { readWhole } from './read-whole.ts';
import type { Answer, Request, Transport } from './transport.ts';

export type Credentials = { readonly username: string; readonly password: string };

/** Requests within one logon session of EM's. */
export type Logon = {
  /** Logs on, unless that was done. */
  begin(): Promise<void>;
  /**
   * Sends with the token, logging on first if need be. A token that is refused with one of `refusals` (EM forgets it after
   * 15 idle minutes, or when it restarts) is replaced once, for all requests under way together; refused again, it throws
   * SyncError `unauthorized`.
   */
  send(request: Request, refusals?: readonly number[]): Promise<Answer>;
  /** Ends the logon session, in bounded time and without a word if EM does not answer. */
  end(): Promise<void>;
};

const logoffTimeoutMs = 4_000;
/** How long the answer to a logon is waited for after the run was stopped. */
const logonGraceMs = 2_000;

/**
 * The moment `signal` aborts, the logon session is ended: whoever stops a run may be kept waiting by something else, such as
 * a database that says nothing any more.
 */
export function holdLogon(
  transport: Transport,
  credentials: Credentials,
  signal: AbortSignal,
  onLogonAgain: () => void,
): Logon {
  type Session = { readonly token: string; readonly id: string | null };
  let current: Promise<Session> | undefined;
  let ended: Promise<void> | undefined;
  const grace = new AbortController();
  const stop = () => {
    setTimeout(() => {
      grace.abort();
    }, logonGraceMs).unref();
    void end();
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });

  async function logOn(): Promise<Session> {
    const basic = Buffer.from(`${credentials.username}:${credentials.password}`, 'utf8').toString('base64');
    const answer = await transport.send({
      method: 'POST',
      path: '/sessionMngr/?v=latest',
      headers: { authorization: `Basic ${basic}` },
      accept: [401, 403],
      // Cut off, it would leave a logon session at EM whose id nobody ever hears.
      signal: grace.signal,
    });
    if (answer.status === 401 || answer.status === 403) {
      await readWhole(answer, 65_536).catch(() => undefined);
      // Never repeated: each further try counts towards locking the account.
      throw new SyncError(
        'unauthorized',
        `Enterprise Manager refused the logon of "${credentials.username}" (${answer.status}). Check EM_USERNAME (user@domain or DOMAIN\\user) and EM_PASSWORD, and that the account has a role in Enterprise Manager.`,
      );
    }
    const token = answer.header('x-restsvcsessionid');
    const body = await readWhole(answer, 1_048_576);
    if (token === undefined) {
      throw new SyncError(
        'contract',
        'The logon was answered without a session token. Is EM_URL the address of Enterprise Manager (usually https://host:9398)?',
      );
    }
    return { token, id: logonSessionId(body) };
  }

  async function logOff({ token, id }: Session): Promise<void> {
    if (id === null) return;
    try {
      const answer = await transport.send({
        method: 'DELETE',
        path: `/logonSessions/${id}`,
        headers: { 'x-restsvcsessionid': token },
        signal: AbortSignal.timeout(logoffTimeoutMs),
        attempts: 1,
      });
      await readWhole(answer, 65_536);
    } catch {
      // EM ends it by itself after 15 idle minutes.
    }
  }

  function session(): Promise<Session> {
    // Nobody would end it.
    if (ended !== undefined) return Promise.reject(new SyncError('interrupted', 'The request was stopped.'));
    current ??= logOn();
    // A failed logon must not be remembered as the answer for every later request.
    current.catch(() => undefined);
    return current;
  }

  function end(): Promise<void> {
    signal.removeEventListener('abort', stop);
    const ending = current;
    current = undefined;
    return (ended ??= ending === undefined ? Promise.resolve() : ending.then(logOff, () => undefined));
  }

  return {
    begin: async () => {
      await session();
    },
    send: async (request, refusals = [401]) => {
      const sent = session();
      const withToken = ({ token }: Session): Request => ({
        ...request,
        headers: { ...request.headers, 'x-restsvcsessionid': token },
        accept: [...(request.accept ?? []), ...refusals],
      });
      const answer = await transport.send(withToken(await sent));
      if (!refusals.includes(answer.status) || request.accept?.includes(answer.status) === true)
        return answer;
      await readWhole(answer, 65_536).catch(() => undefined);
      if (current === sent) {
        current = undefined;
        onLogonAgain();
        // A token that is refused may still be open at EM; nobody else would close it.
        if (answer.status !== 401) await logOff(await sent);
      }
      // With the refusals no longer accepted, a second one throws what it means.
      const { token } = await session();
      return transport.send({ ...request, headers: { ...request.headers, 'x-restsvcsessionid': token } });
    },
    end,
  };
}

/** The LogonSession's own id, which is not the token. */
function logonSessionId(body: Uint8Array): string | null {
  try {
    const document = parseXml(body);
    const [logon] = children(document, 'LogonSession');
    const id = logon?.['SessionId'];
    return guidIn(typeof id === 'string' ? id : undefined);
  } catch {
    return null;
  }
}
