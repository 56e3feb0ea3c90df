import type { ServerResponse } from 'node:http';

/** Something to go wrong with the answers to come. */
export type Fault = {
  /** Method and path with query, for example `GET /api/agents/backupSessions?format=Entity`. */
  readonly on: RegExp;
  /** How many answers it spoils; always, if not said. */
  readonly times?: number;
} & (
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number }
  /** The connection is cut after so many bytes of the body. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** The answer ends, properly, after so many bytes. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** Nothing comes any more after so many bytes, and the connection stays open. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** The body is sent through this first. */
  | { readonly kind: 'edit'; readonly edit: (body: string) => string }
  /** The token is forgotten before the answer. */
  | { readonly kind: 'expire' }
);

export const faultEdits = {
  malformed: (body: string) => `${body.slice(0, body.length / 2)}<<oops & "${body.slice(body.length / 2)}`,
  html: () => '<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Proxy</p></body></html>',
  externalEntity: (body: string) =>
    body.replace(/^(<\?xml.*?\?>\s*)?/, '$&<!DOCTYPE x [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>'),
  entityBomb: (body: string) =>
    body.replace(
      /^(<\?xml.*?\?>\s*)?/,
      '$&<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ),
  missingField: (body: string) => body.replace(/<CreationTimeUTC>[^<]*<\/CreationTimeUTC>/, ''),
  impossibleDate: (body: string) =>
    body.replace(/<CreationTimeUTC>[^<]*</, '<CreationTimeUTC>2026-02-30T25:61:00Z<'),
} as const;

/** The first fault that fits, with its count lowered. */
export function takeFault(faults: Fault[], request: string): Fault | undefined {
  const index = faults.findIndex((fault) => fault.on.test(request));
  const fault = faults[index];
  if (fault?.times !== undefined) {
    if (fault.times <= 1) faults.splice(index, 1);
    else faults[index] = { ...fault, times: fault.times - 1 };
  }
  return fault;
}

/** Answers with a status alone: the request was not carried out. */
export function sendStatus(response: ServerResponse, fault: Fault & { readonly kind: 'status' }): void {
  const text = `<?xml version="1.0"?><Error xmlns="http://www.veeam.com/ent/v1.0" Message="Injected fault" StatusCode="${fault.status}" />`;
  const retry = fault.retryAfter === undefined ? {} : { 'Retry-After': String(fault.retryAfter) };
  response.writeHead(fault.status, { 'Content-Type': 'application/xml', ...retry }).end(text);
}

/** Sends the body of a request that was carried out as the fault has it. */
export function sendSpoiled(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body: string,
  fault: Exclude<Fault, { readonly kind: 'status' }>,
): void {
  const bytes = Buffer.from(fault.kind === 'edit' ? fault.edit(body) : body);
  switch (fault.kind) {
    case 'reset':
      response.writeHead(status, headers);
      response.write(bytes.subarray(0, fault.afterBytes), () => response.socket?.resetAndDestroy());
      return;
    case 'truncate':
      response.writeHead(status, headers).end(bytes.subarray(0, fault.afterBytes));
      return;
    case 'stall':
      response.writeHead(status, headers);
      response.write(bytes.subarray(0, fault.afterBytes));
      response.flushHeaders();
      return;
    case 'slow': {
      response.writeHead(status, headers);
      let sent = 0;
      const timer = setInterval(() => {
        const end = sent + Math.ceil(fault.bytesPerSecond / 10);
        response.write(bytes.subarray(sent, end));
        sent = end;
        if (sent >= bytes.length) response.end();
      }, 100);
      response.once('close', () => clearInterval(timer));
      return;
    }
    case 'edit':
    case 'expire':
      response.writeHead(status, headers).end(bytes);
  }
}
