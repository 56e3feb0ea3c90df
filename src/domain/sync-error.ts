import { printable } from './printable.ts';

/**
 * What went wrong, in the only terms the rest of the program decides by:
 * - `transient`: may pass by itself (5xx, reset, time-out, database restarting)
 * - `unauthorized`: EM does not accept the account, or the account may not read what is needed
 * - `contract`: EM answered something that is not what its API says (HTML, broken XML, an impossible date)
 * - `permanent`: will not pass by itself (wrong address, refused certificate, bad request)
 * - `interrupted`: cut short on purpose (signal) or found dead (killed)
 */
export type ErrorKind = 'transient' | 'unauthorized' | 'contract' | 'permanent' | 'interrupted';

/**
 * The one error of this program's own. Its message is for people: what happened and what to do. Never holds a secret, and of what others
 * wrote nothing that a terminal acts on: a word of Enterprise Manager's, a header, a name in a certificate.
 */
export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, options?: ErrorOptions) {
    super(printable(message), options);
    this.kind = kind;
  }
}
