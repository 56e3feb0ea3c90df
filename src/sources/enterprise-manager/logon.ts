import { SyncError } from '../../domain/sync-error.ts';
import type { Timestamp } from '../../domain/timestamp.ts';
import { maxSmallBytes } from './bounds.ts';
import { dateOf } from './date-of.ts';
import { guidIn, readEntity } from './entity.ts';
import { asError, judgeAnswer } from './judge-answer.ts';
import { parseXml } from './parse-xml.ts';
import { readWhole } from './read-whole.ts';
import type { Answer, Request, Transport } from './transport.ts';

export type Credentials = { readonly username: string; readonly password: string };

/** Requests within one logon session of EM's. */
export type Logon = {
  /** Logs on, unless that was done, and says what time it was at EM then. */
  begin(): Promise<{ readonly now: Timestamp }>;
  /**
   * Sends with the token, logging on first if need be. A token that is refused with 401 (EM forgets it after 15 idle
   * minutes, or when it restarts) is replaced once, for all requests under way together. Clients have met 403 for that as
   * well: `renewOn403` is for what the account should be able to read. What is refused again comes back as it is.
   */
  send(request: Request, renewOn403?: boolean): Promise<Answer>;
  /** Ends the logon session, in bounded time and without a word if EM does not answer. */
  end(): Promise<void>;
};

/** A token idle for so long may be the reason of a 403. */
const suspiciousIdleMs = 5 * 60_000;
/** After a new logon that changed nothing: one resource that always answers 401 must not cost a logon each. */
const renewalPauseMs = 5 * 60_000;
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
  type Session = { readonly token: string; readonly id: string | null; readonly at: Timestamp };
  let current: Promise<Session> | undefined;
  let ended: Promise<void> | undefined;
  let usedAt = Date.now();
  let noRenewalBefore = 0;
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
      // Cut off, it would leave a logon session at EM whose id nobody ever hears.
      signal: grace.signal,
    });
    if (answer.status === 401 || answer.status === 403) {
      answer.discard();
      // Never repeated: each further try counts towards locking the account.
      throw new SyncError(
        'unauthorized',
        `Enterprise Manager refused the logon of "${credentials.username}" (${answer.status}). Check EM_USERNAME (user@domain or DOMAIN\\user) and EM_PASSWORD, and that the account has a role in Enterprise Manager.`,
      );
    }
    const judgement = await judgeAnswer(answer);
    if (judgement.as !== 'document') throw asError(judgement);
    const token = answer.header('x-restsvcsessionid');
    const body = await readWhole(answer, maxSmallBytes);
    if (token === undefined) {
      throw new SyncError(
        'contract',
        'The logon was answered without a session token. Is EM_URL the address of Enterprise Manager (usually https://host:9398)?',
      );
    }
    return { token, id: logonSessionId(body), at: dateOf(answer.header('date')) };
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
      await readWhole(answer, maxSmallBytes);
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
    begin: async () => ({ now: (await session()).at }),
    send: async (request, renewOn403 = false) => {
      const sent = session();
      const withToken = ({ token }: Session): Request => ({
        ...request,
        headers: { ...request.headers, 'x-restsvcsessionid': token },
      });
      const isIdle = Date.now() - usedAt > suspiciousIdleMs;
      const own = await sent;
      const answer = await transport.send(withToken(own));
      usedAt = Date.now();
      const isRefused = answer.status === 401 || (answer.status === 403 && (renewOn403 || isIdle));
      if (!isRefused) return answer;
      if (current === sent) {
        if (Date.now() < noRenewalBefore) return answer;
        current = undefined;
        onLogonAgain();
        // A token that is refused may still be open at EM; nobody else would close it.
        if (answer.status !== 401) await logOff(own);
      }
      answer.discard();
      const again = await transport.send(withToken(await session()));
      if (again.status === 401) noRenewalBefore = Date.now() + renewalPauseMs;
      return again;
    },
    end,
  };
}

/** The LogonSession's own id, which is not the token. */
function logonSessionId(body: Buffer): string | null {
  try {
    return guidIn(readEntity(parseXml(body.toString('utf8'))).text('SessionId'));
  } catch {
    return null;
  }
}
