import { isLoopback } from '../../domain/is-loopback.ts';
import { SyncError } from '../../domain/sync-error.ts';

/**
 * The origin all requests go to, from an address as people write it: with or without `/api`, with or without a slash.
 * Credentials are sent in clear text over http, so that is for this machine only unless it was allowed.
 * Throws SyncError `permanent`.
 */
export function baseUrl(url: string, allowHttp: boolean): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new SyncError(
      'permanent',
      `"${url}" is not an address of Enterprise Manager. Example: EM_URL=https://em.example.com:9398`,
    );
  }
  if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname) && !allowHttp) {
    throw new SyncError(
      'permanent',
      `${parsed.origin} would get user name and password unencrypted. Use https (usually port 9398), or set EM_ALLOW_HTTP=true to allow it.`,
    );
  }
  return new URL(parsed.origin);
}
