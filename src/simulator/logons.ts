import { randomBytes, randomUUID } from 'node:crypto';

/** EM's logon sessions: a token each, forgotten after some idle time. Times are milliseconds of the simulated clock. */
export type Logons = {
  open(): { readonly token: string; readonly id: string };
  /** Whether the token is good; using it keeps it alive. */
  use(token: string | undefined): boolean;
  close(id: string): boolean;
  expireAll(): void;
  count(): number;
};

export function keepLogons(idleMs: number, now: () => number): Logons {
  const sessions = new Map<string, { readonly id: string; usedAt: number }>();
  const forget = () => {
    for (const [token, session] of sessions) if (now() - session.usedAt > idleMs) sessions.delete(token);
  };
  return {
    open: () => {
      const token = randomBytes(16).toString('base64');
      const id = randomUUID();
      sessions.set(token, { id, usedAt: now() });
      return { token, id };
    },
    use: (token) => {
      forget();
      const session = token === undefined ? undefined : sessions.get(token);
      if (session === undefined) return false;
      session.usedAt = now();
      return true;
    },
    close: (id) => {
      for (const [token, session] of sessions) if (session.id === id) return sessions.delete(token);
      return false;
    },
    expireAll: () => sessions.clear(),
    count: () => {
      forget();
      return sessions.size;
    },
  };
}
