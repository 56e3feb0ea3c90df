import { connect } from 'node:tls';
import { printable } from '../../domain/printable.ts';

export type ShownCertificate = {
  /** Colon-separated SHA-256, as EM_CERT_SHA256 takes it. */
  readonly sha256: string;
  /** As Windows shows it, which calls it the thumbprint. */
  readonly sha1: string;
  readonly subject: string;
  readonly validTo: string;
  /** Whether this machine's own authorities vouch for it. */
  readonly isTrusted: boolean;
};

/** The certificate a host shows, trusted or not; nothing is sent to it. Rejects when there is no TLS. */
export function examineCertificate(url: URL, timeoutMs: number): Promise<ShownCertificate> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = connect({
      host,
      port: url.port === '' ? 443 : Number(url.port),
      rejectUnauthorized: false,
      timeout: timeoutMs,
      ...(/^[\d.:]+$/.test(host) ? {} : { servername: host }),
    });
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerCertificate();
      resolve({
        sha256: certificate.fingerprint256,
        sha1: certificate.fingerprint,
        subject: printable([certificate.subject.CN].flat().join(', ')),
        validTo: certificate.valid_to,
        isTrusted: socket.authorized,
      });
      socket.destroy();
    });
    socket.once('timeout', () => socket.destroy(new Error('no answer in time')));
    socket.once('error', reject);
  });
}
