/** One kind of refusal: how it is recognised, and what a person can do. */
type Refusal = {
  readonly sign: RegExp;
  readonly advice: string;
  /** It may be over by itself in a while: a replica becomes the primary. */
  readonly mayPass?: true;
};

/**
 * Recognised by code where there is one, else by words: TLS speaks through Node and OpenSSL, a pooler through one code for
 * everything. PostgreSQL's words may be in another language, its codes never are.
 */
const refusals: readonly Refusal[] = [
  {
    sign: /no encryption|SSL off|no pg_hba\.conf entry/,
    advice:
      'If it wants TLS, add ?sslmode=verify-full to DATABASE_URL (and &sslrootcert=/path/to/ca.pem for a private authority); ' +
      'else its pg_hba.conf does not let this address, account and database in.',
  },
  {
    sign: /server does not support SSL connections/,
    advice: 'It speaks no TLS: switch that on there, or leave sslmode out of DATABASE_URL.',
  },
  {
    sign: /SELF_SIGNED_CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|DEPTH_ZERO|self-signed certificate|unable to verify the first certificate/,
    advice:
      'Its certificate is not from an authority that this machine trusts: add &sslrootcert=/path/to/ca.pem to DATABASE_URL.',
  },
  {
    sign: /ERR_TLS_CERT_ALTNAME_INVALID/,
    advice: 'DATABASE_URL must name the server as its certificate does.',
  },
  {
    sign: /^28P01$|password authentication failed|SASL: SCRAM/,
    advice:
      'Check user name and password in DATABASE_URL; special characters in them are written as in any address ("@" as %40).',
  },
  {
    sign: /^3D000$|no such database/,
    advice:
      'Make it, with the account of DATABASE_URL as its owner: create database session_history owner session_history;',
  },
  {
    sign: /permission denied for (schema|database)/,
    advice:
      'The account of DATABASE_URL has to own the database: alter database session_history owner to session_history;',
  },
  {
    sign: /^42501$/,
    advice: 'Everything in the database has to belong to the account of DATABASE_URL.',
  },
  {
    sign: /^25006$|read-only transaction/,
    advice: 'DATABASE_URL has to name the primary server, not a replica.',
    mayPass: true,
  },
  {
    sign: /unsupported startup parameter/,
    advice:
      'A pooler refuses what DATABASE_URL asks for: leave out options= and the like, or name them in its ignore_startup_parameters.',
  },
  {
    sign: /^22P05$|has no equivalent in encoding/,
    advice: 'The database has to be in UTF-8.',
  },
];

/** What to do about the refusal that these codes and messages tell of, as a sentence; undefined when none is known. */
export function adviseOnRefusal(texts: readonly string[]): Omit<Refusal, 'sign'> | undefined {
  return refusals.find(({ sign }) => texts.some((text) => sign.test(text)));
}
