import type { SourceConfig } from '../config/config.ts';
import type {
  ConnectionEvent,
  ConnectOptions,
} from '../sources/enterprise-manager/connect-enterprise-manager.ts';

/** How to connect to a configured source. */
export function connectionTo(
  source: SourceConfig,
  signal: AbortSignal,
  onEvent?: (event: ConnectionEvent) => void,
): ConnectOptions {
  return {
    url: source.url,
    username: source.username,
    password: source.password,
    tls: source.tls,
    allowHttp: source.allowHttp,
    concurrency: source.concurrency,
    signal,
    ...(onEvent !== undefined && { onEvent }),
  };
}

/** What a repeated request says of itself; undefined for events that are not worth a word. */
export function describeEvent(event: ConnectionEvent): string | undefined {
  if (event.kind !== 'retry') return undefined;
  return `${event.reason} Trying again in ${(event.delayMs / 1_000).toFixed(1)} s.`;
}
