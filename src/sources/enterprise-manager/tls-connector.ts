import { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { SyncError } from '../../domain/sync-error.ts';

export type TlsOptions = {
  /** Certificates to trust besides none: PEM text of a private CA, or of the server itself. */
  readonly caPem?: string;
  /** SHA-256 of the only certificate to accept, 64 hexadecimal digits, colons allowed. */
  readonly certSha256?: string;
  /** Accepts any certificate: anyone in between can read the password. */
  readonly insecure?: boolean;
};

const bare = (fingerprint: string) => fingerprint.replaceAll(':', '').toLowerCase();

/**
 * Connects with the certificate rules of one Enterprise Manager. A pinned certificate is compared before the socket is
 * handed over, so not a byte is sent to another; with a pin, neither chain nor name need to fit (self-signed is the norm).
 */
export function tlsConnector(tls: TlsOptions, timeoutMs: number): buildConnector.connector {
  const pin = tls.certSha256 === undefined ? undefined : bare(tls.certSha256);
  const connect = buildConnector({
    timeout: timeoutMs,
    rejectUnauthorized: pin === undefined && tls.insecure !== true,
    ...(tls.caPem !== undefined && { ca: tls.caPem }),
    // A resumed TLS session carries no certificate to compare.
    ...(pin !== undefined && { maxCachedSessions: 0 }),
  });
  if (pin === undefined) return connect;
  return (options, callback) => {
    connect(options, (error, socket) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      const shown = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : undefined;
      if (shown !== undefined && bare(shown) === pin) {
        callback(null, socket);
        return;
      }
      socket.destroy();
      callback(
        new SyncError(
          'permanent',
          shown === undefined
            ? `${options.hostname} shows no certificate, but EM_CERT_SHA256 asks for one. Is EM_URL https?`
            : `${options.hostname} shows another certificate than EM_CERT_SHA256 names. It shows ${shown}; if that is right, set EM_CERT_SHA256 to it.`,
        ),
        null,
      );
    });
  };
}
