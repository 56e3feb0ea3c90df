import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

/** Something to go wrong with the answers to come. */
export type Fault = {
  /** Method and path with query, for example `GET /api/agents/backupSessions?format=Entity`. */
  readonly on: RegExp;
  /** How many answers it spoils; always, if not said. */
  readonly times?: number;
  /** How many such requests it lets pass before. */
  readonly after?: number;
} &
  /** A status with EM's own Error document. */
  (
    | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number }
    /** Another answer altogether, as a proxy gives it. No content type is sent when it is null. */
    | {
        readonly kind: 'answer';
        readonly status: number;
        readonly contentType: string | null;
        readonly body: string | Buffer;
      }
    /** The connection is cut after so many bytes of the body. */
    | { readonly kind: 'reset'; readonly afterBytes: number }
    /** The answer ends, properly, after so many bytes. */
    | { readonly kind: 'truncate'; readonly afterBytes: number }
    /** Nothing comes any more after so many bytes, and the connection stays open. */
    | { readonly kind: 'stall'; readonly afterBytes: number }
    | { readonly kind: 'slow'; readonly bytesPerSecond: number }
    /** The body is sent through this first. */
    | {
        readonly kind: 'edit';
        readonly edit: (body: string) => string | Buffer;
        readonly contentType?: string;
      }
    /** Compressed without being asked, with so many spaces at its end. */
    | { readonly kind: 'gzip'; readonly padding: number }
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

/** The first fault that fits, with its counts lowered. */
export function takeFault(faults: Fault[], request: string): Fault | undefined {
  for (const [index, fault] of faults.entries()) {
    if (!fault.on.test(request)) continue;
    if (fault.after !== undefined && fault.after > 0) {
      faults[index] = { ...fault, after: fault.after - 1 };
      continue;
    }
    if (fault.times === undefined) return fault;
    if (fault.times <= 1) faults.splice(index, 1);
    else faults[index] = { ...fault, times: fault.times - 1 };
    return fault;
  }
  return undefined;
}

/** Faults for which the request is not carried out. */
export type Refusal = Extract<Fault, { readonly kind: 'status' | 'answer' }>;
export type Spoiling = Exclude<Fault, Refusal>;

export const isRefusal = (fault: Fault): fault is Refusal =>
  fault.kind === 'status' || fault.kind === 'answer';

export function sendRefusal(response: ServerResponse, fault: Refusal): void {
  if (fault.kind === 'answer') {
    const type = fault.contentType === null ? {} : { 'Content-Type': fault.contentType };
    response.writeHead(fault.status, type).end(fault.body);
    return;
  }
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
  fault: Spoiling,
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
    case 'gzip':
      response
        .writeHead(status, { ...headers, 'Content-Encoding': 'gzip' })
        .end(gzipSync(Buffer.concat([bytes, Buffer.alloc(fault.padding, ' ')])));
      return;
    case 'edit': {
      const type = fault.contentType === undefined ? {} : { 'Content-Type': fault.contentType };
      response.writeHead(status, { ...headers, ...type }).end(bytes);
      return;
    }
    case 'expire':
      response.writeHead(status, headers).end(bytes);
  }
}

/** Whether the client takes answers that are compressed. */
export const takesGzip = (request: IncomingMessage) =>
  /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
