import { describe, expect, it } from 'vitest';
import { classifyDatabaseError } from '../../../src/db/classify-database-error.ts';

const failure = (message: string, code?: string) => Object.assign(new Error(message), { code });

describe('classifyDatabaseError', () => {
  it.each([
    [
      'no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", no encryption',
      '28000',
      /sslmode=verify-full/,
    ],
    ['The server does not support SSL connections', undefined, /leave sslmode out/],
    ['self-signed certificate in certificate chain', 'SELF_SIGNED_CERT_IN_CHAIN', /sslrootcert/],
    ['password authentication failed for user "u"', '28P01', /user name and password/],
    ['Passwort-Authentifizierung für Benutzer »u« fehlgeschlagen', '28P01', /user name and password/],
    ['database "history" does not exist', '3D000', /create database .* owner/],
    ['permission denied for schema public', '42501', /alter database .* owner to/],
    ['unsupported startup parameter: options', '08P01', /ignore_startup_parameters/],
    ['character with byte sequence 0xe4 0xb8 0xad has no equivalent in encoding "LATIN1"', '22P05', /UTF-8/],
  ])('says of "%s" what to do', (message, code, advice) => {
    const { kind, message: sentence } = classifyDatabaseError(failure(message, code));
    expect(kind).toBe('permanent');
    expect(sentence).toMatch(advice);
    expect(sentence).toContain(message);
  });

  it('names the primary to somebody on a replica, and tries again: it may become one', () => {
    expect(
      classifyDatabaseError(failure('cannot execute INSERT in a read-only transaction', '25006')),
    ).toMatchObject({ kind: 'transient', message: expect.stringMatching(/primary/) as string });
  });

  it('finds the cause under layers', () => {
    const buried = new Error('Raw query failed', {
      cause: {
        driverAdapterError: {
          cause: { originalCode: '42501', originalMessage: 'permission denied for schema public' },
        },
      },
    });
    expect(classifyDatabaseError(buried).message).toMatch(/alter database/);
  });

  it('waits for what passes', () => {
    for (const [message, code] of [
      ['connect ECONNREFUSED 127.0.0.1:5432', 'ECONNREFUSED'],
      ['the database system is starting up', '57P03'],
      ['sorry, too many clients already', '53300'],
    ])
      expect(classifyDatabaseError(failure(message ?? '', code)).kind).toBe('transient');
  });
});
