import { SyncError } from '../../domain/sync-error.ts';

/** A failed request, as much of it as may be told: method, path and host, never headers. */
export type Where = { readonly method: string; readonly path: string; readonly origin: string };

/** What a request met instead of an answer, as a SyncError that says what to do. */
export function classifyNetworkFailure(error: unknown, where: Where): SyncError {
  if (error instanceof SyncError) return error;
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  // OpenSSL's messages end with a line of their own inner life.
  const text = (typeof message === 'string' ? message : String(error)).split('\n')[0]?.trim() ?? '';
  const at = `${where.origin} (${where.method} ${where.path})`;
  const options = { cause: error };
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new SyncError(
        'transient',
        `The host of ${where.origin} is not known to DNS. Check EM_URL.`,
        options,
      );
    case 'ECONNREFUSED':
      return new SyncError(
        'transient',
        `Nothing listens at ${where.origin}. Is Enterprise Manager running, and is the port right (usually 9398)?`,
        options,
      );
    case 'UND_ERR_CONNECT_TIMEOUT':
      return new SyncError('transient', `${where.origin} does not accept connections. A firewall?`, options);
    case 'UND_ERR_HEADERS_TIMEOUT':
      return new SyncError('transient', `${at} did not begin to answer in time.`, options);
    case 'UND_ERR_BODY_TIMEOUT':
      return new SyncError('transient', `${at} stopped in the middle of its answer.`, options);
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return new SyncError('transient', `${at} sent less than it announced.`, options);
    case 'Z_BUF_ERROR':
    case 'Z_DATA_ERROR':
      return new SyncError(
        'transient',
        `${at} sent compressed data that cannot be unpacked (${text}).`,
        options,
      );
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
    case 'CERT_UNTRUSTED':
      return new SyncError(
        'permanent',
        `The certificate of ${where.origin} is not trusted (${text}). Set EM_CA_FILE to its CA, or EM_CERT_SHA256 to its fingerprint ` +
          '(`session-history check` shows it).',
        options,
      );
    default:
      if (/ssl|tls|EPROTO/i.test(`${String(code)} ${text}`)) {
        return new SyncError(
          'permanent',
          `No TLS with ${where.origin}: ${text}. Is the port right (https is usually 9398)?`,
          options,
        );
      }
      // Resets, broken pipes, closed sockets: whatever else a network does.
      return new SyncError('transient', `The connection to ${at} broke: ${text}.`, options);
  }
}
