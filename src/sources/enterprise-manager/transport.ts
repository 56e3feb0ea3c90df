import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, type Dispatcher } from 'undici';
import { SyncError } from '../../domain/sync-error.ts';
import { classifyNetworkFailure, classifyStatus } from './classify-failure.ts';
import { limitSpeed, type SpeedFloor } from './limit-speed.ts';
import { decodeText, parseXml } from './parse-xml.ts';
import { retryDelay, type RetryPolicy } from './retry-delay.ts';
import { tlsConnector, type TlsOptions } from './tls-connector.ts';

/** Milliseconds. A list may take EM minutes to assemble before its first byte; its bytes then come steadily. */
export type Timeouts = {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly listHeadersMs: number;
  readonly idleBodyMs: number;
} & SpeedFloor;

export const defaultTimeouts: Timeouts = {
  connectMs: 10_000,
  headersMs: 60_000,
  listHeadersMs: 300_000,
  idleBodyMs: 45_000,
  windowMs: 20_000,
  minBytesPerWindow: 40_000,
};

export type TransportOptions = {
  readonly origin: URL;
  readonly tls: TlsOptions;
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly timeouts: Timeouts;
  readonly retry: RetryPolicy;
  readonly onRetry: (reason: string, delayMs: number) => void;
};

export type Request = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query below `/api`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isList?: boolean;
  /** Status codes that are an answer, besides 2xx. */
  readonly accept?: readonly number[];
  /** Replaces the transport's own, for what must still be sent after it was aborted. */
  readonly signal?: AbortSignal;
  readonly attempts?: number;
};

/** `body` ends with a SyncError when the connection breaks, stalls or crawls. */
export type Answer = {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
};

export type Transport = {
  send(request: Request): Promise<Answer>;
  usage(): { readonly requests: number; readonly bytesReceived: number };
  close(): Promise<void>;
};

/**
 * HTTP to one origin and nowhere else: redirects are not followed, cookies not kept. Requests that fail in a way that may
 * pass are repeated; what comes back is a 2xx answer or one of the accepted codes, everything else a SyncError.
 */
export function openTransport(options: TransportOptions): Transport {
  const { origin, timeouts } = options;
  const pool = new Pool(origin, {
    connections: options.concurrency,
    pipelining: 1,
    connect: tlsConnector(options.tls, timeouts.connectMs),
    bodyTimeout: timeouts.idleBodyMs,
    // EM closes idle connections itself; reusing one at that moment is a reset, and is repeated.
    keepAliveTimeout: 10_000,
  });
  // Every request listens to the same signal; that there are many is no leak.
  setMaxListeners(0, options.signal);
  const usage = { requests: 0, bytesReceived: 0 };

  async function attempt(
    request: Request,
  ): Promise<Answer | { readonly failure: SyncError; readonly retryAfter?: string }> {
    const where = { method: request.method, path: request.path, origin: origin.origin };
    const signal = request.signal ?? options.signal;
    let response: Dispatcher.ResponseData;
    usage.requests += 1;
    try {
      response = await pool.request({
        method: request.method,
        path: `/api${request.path}`,
        headers: {
          accept: 'application/xml',
          ...(request.method === 'POST' && { 'content-length': '0' }),
          ...request.headers,
        },
        headersTimeout: request.isList === true ? timeouts.listHeadersMs : timeouts.headersMs,
        signal,
      });
    } catch (error) {
      return { failure: stopped(signal) ?? classifyNetworkFailure(error, where) };
    }
    const { statusCode } = response;
    const header = (name: string) => {
      const value = response.headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    if ((statusCode >= 200 && statusCode < 300) || request.accept?.includes(statusCode) === true) {
      return { status: statusCode, header, body: receive(response, signal, where) };
    }
    const detail = await readErrorMessage(response);
    const retryAfter = header('retry-after');
    return {
      failure: classifyStatus(statusCode, where, detail),
      ...(retryAfter !== undefined && { retryAfter }),
    };
  }

  async function* receive(
    response: Dispatcher.ResponseData,
    signal: AbortSignal,
    where: { readonly method: string; readonly path: string; readonly origin: string },
  ): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of limitSpeed(response.body, timeouts)) {
        usage.bytesReceived += chunk.byteLength;
        yield chunk;
      }
    } catch (error) {
      throw stopped(signal) ?? classifyNetworkFailure(error, where);
    } finally {
      // Whoever stops reading early must not keep the connection waiting.
      response.body.destroy();
    }
  }

  return {
    send: async (request) => {
      const policy =
        request.attempts === undefined ? options.retry : { ...options.retry, attempts: request.attempts };
      for (let tries = 1; ; tries += 1) {
        const answer = await attempt(request);
        if (!('failure' in answer)) return answer;
        const { failure, retryAfter } = answer;
        if (failure.kind !== 'transient') throw failure;
        const delayMs = retryDelay(policy, tries, Math.random(), retryAfter, new Date());
        if (delayMs === undefined) throw failure;
        options.onRetry(failure.message, delayMs);
        await sleep(delayMs, undefined, { signal: options.signal }).catch(() => undefined);
        const stop = stopped(options.signal);
        if (stop !== undefined) throw stop;
      }
    },
    usage: () => ({ ...usage }),
    close: () => pool.destroy(),
  };
}

function stopped(signal: AbortSignal): SyncError | undefined {
  return signal.aborted ? new SyncError('interrupted', 'The request was stopped.') : undefined;
}

const errorBodyBytes = 65_536;

/** EM's own words on an error, whatever form they came in; '' when there are none. */
async function readErrorMessage(response: Dispatcher.ResponseData): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > errorBodyBytes) break;
    }
    const error = Object.values(parseXml(Buffer.concat(chunks)))[0];
    const message =
      typeof error === 'object' && !Array.isArray(error)
        ? (error as Record<string, unknown>)['@Message']
        : undefined;
    return typeof message === 'string' ? decodeText(message).slice(0, 500) : '';
  } catch {
    return '';
  } finally {
    response.body.destroy();
  }
}
