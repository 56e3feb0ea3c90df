import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, type Dispatcher } from 'undici';
import { SyncError } from '../../domain/sync-error.ts';
import { classifyNetworkFailure } from './classify-failure.ts';
import { acceptedEncodings, decompress } from './decompress.ts';
import { limitSpeed, type SpeedFloor } from './limit-speed.ts';
import { isWorthRepeating, retryDelay, type RetryPolicy } from './retry-delay.ts';
import { tlsConnector, type TlsOptions } from './tls-connector.ts';
import { toUtf8 } from './transcode.ts';

/** Milliseconds. A list may take EM minutes to assemble before its first byte; its bytes then come steadily. */
export type Timeouts = {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly listHeadersMs: number;
  readonly idleBodyMs: number;
  /** Waiting for one answer in all, the reader's own work not counted. */
  readonly deadlineMs: number;
} & SpeedFloor;

export const defaultTimeouts: Timeouts = {
  connectMs: 10_000,
  headersMs: 60_000,
  listHeadersMs: 300_000,
  idleBodyMs: 45_000,
  deadlineMs: 30 * 60_000,
  windowMs: 20_000,
  minBytesPerWindow: 200_000,
};

/** Answers of status 1xx before one that says something. */
const mostHeralds = 10;

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
  /** Replaces the transport's own, for what must still be sent after it was aborted. */
  readonly signal?: AbortSignal;
  readonly attempts?: number;
};

/**
 * An answer of any status. `body`: UTF-8, decompressed; ends with a SyncError when the connection breaks, stalls or crawls.
 * Whoever does not read it calls `discard`.
 */
export type Answer = {
  readonly request: Request;
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  readonly discard: () => void;
};

export type Transport = {
  readonly origin: URL;
  send(request: Request): Promise<Answer>;
  usage(): { readonly requests: number; readonly bytesReceived: number };
  close(): Promise<void>;
};

/**
 * HTTP to one origin and nowhere else: redirects are not followed, cookies not kept. What may pass (broken connections, 503)
 * is repeated; then the answer comes back whatever its status, and a connection that fails throws SyncError.
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

  async function attempt(request: Request): Promise<Answer> {
    const where = { method: request.method, path: shownPath(request.path), origin: origin.origin };
    const signal = request.signal ?? options.signal;
    let heralds = 0;
    usage.requests += 1;
    let response: Dispatcher.ResponseData;
    try {
      response = await pool.request({
        method: request.method,
        path: `/api${request.path}`,
        headers: {
          accept: 'application/xml',
          'accept-encoding': acceptedEncodings,
          ...(request.method === 'POST' && { 'content-length': '0' }),
          ...request.headers,
        },
        headersTimeout: request.isList === true ? timeouts.listHeadersMs : timeouts.headersMs,
        signal,
        // Each of them gives the answer its whole time again.
        onInfo: () => {
          if ((heralds += 1) > mostHeralds)
            throw new SyncError('contract', 'Enterprise Manager announces its answer again and again.');
        },
      });
    } catch (error) {
      if (error instanceof SyncError) throw error;
      throw stopped(signal) ?? classifyNetworkFailure(error, where);
    }
    // Destroyed before it was read, a body complains to whoever listens, or else to the process.
    response.body.on('error', () => undefined);
    const header = (name: string) => {
      const value = response.headers[name];
      return Array.isArray(value) ? value[0] : value;
    };

    async function* wire(): AsyncGenerator<Uint8Array> {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        usage.bytesReceived += chunk.byteLength;
        yield chunk;
      }
    }

    async function* receive(): AsyncGenerator<Uint8Array> {
      try {
        const charset = /charset\s*=\s*"?([\w-]{1,40})/i.exec(header('content-type') ?? '')?.[1];
        const unpacked = decompress(wire(), header('content-encoding'));
        yield* toUtf8(limitSpeed(unpacked, timeouts, timeouts.deadlineMs), charset);
      } catch (error) {
        throw stopped(signal) ?? classifyNetworkFailure(error, where);
      } finally {
        // Whoever stops reading early must not keep the connection waiting.
        response.body.destroy();
      }
    }
    return {
      request,
      status: response.statusCode,
      header,
      body: receive(),
      discard: () => response.body.destroy(),
    };
  }

  return {
    origin,
    send: async (request) => {
      const attempts = request.attempts ?? options.retry.attempts;
      const policy = { ...options.retry, attempts: Math.min(attempts, options.retry.attempts) };
      for (let tries = 1; ; tries += 1) {
        let reason: string;
        let retryAfter: string | undefined;
        let outcome: Answer | SyncError;
        try {
          outcome = await attempt(request);
          if (!isWorthRepeating(outcome.status)) return outcome;
          reason = `Enterprise Manager answered ${outcome.status} to ${request.method} ${shownPath(request.path)}.`;
          retryAfter = outcome.header('retry-after');
        } catch (error) {
          if (!(error instanceof SyncError) || error.kind !== 'transient') throw error;
          outcome = error;
          reason = error.message;
        }
        // A list that EM did not begin within minutes would hold this place for as long again, each time.
        if (request.isList === true && isSlowStart(outcome)) throw outcome;
        const delayMs = retryDelay(policy, tries, Math.random(), retryAfter, new Date());
        if (delayMs === undefined) {
          if (outcome instanceof SyncError) throw outcome;
          return outcome;
        }
        if (!(outcome instanceof SyncError)) outcome.discard();
        options.onRetry(reason, delayMs);
        await sleep(delayMs, undefined, { signal: options.signal }).catch(() => undefined);
        const stop = stopped(options.signal);
        if (stop !== undefined) throw stop;
      }
    },
    usage: () => ({ ...usage }),
    close: () => pool.destroy(),
  };
}

function isSlowStart(outcome: Answer | SyncError): outcome is SyncError {
  return (
    outcome instanceof SyncError &&
    (outcome.cause as { code?: unknown } | undefined)?.code === 'UND_ERR_HEADERS_TIMEOUT'
  );
}

/** A path for messages: a hundred ids in it help nobody. */
export function shownPath(path: string): string {
  return path.length > 120 ? `${path.slice(0, 120)}…` : path;
}

function stopped(signal: AbortSignal): SyncError | undefined {
  return signal.aborted ? new SyncError('interrupted', 'The request was stopped.') : undefined;
}
