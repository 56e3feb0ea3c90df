import type { Problem as ParameterProblem } from '../query/question.ts';

/** Every kind of answer that is no answer. The name is part of `type`, under which the API explains it. */
export const problemKinds = {
  'invalid-parameter': {
    status: 400,
    title: 'A parameter is wrong',
    help: 'The member `errors` names each parameter and says what is wrong with it. Names that are not known are wrong as well, so that a typing error never widens an answer.',
  },
  'bad-request': {
    status: 400,
    title: 'The request could not be read',
    help: 'Its address, headers or body are not valid HTTP as this server reads it, for example a percent sign without two digits.',
  },
  unauthorized: {
    status: 401,
    title: 'A key is needed',
    help: 'Send `Authorization: Bearer <key>`. `session-history keys create --name <name>` makes a key. A key that was revoked is refused at once, and one that expired from that moment.',
  },
  forbidden: {
    status: 403,
    title: 'This is not allowed',
    help: 'The key has scope `read` and this needs scope `operate` (`session-history keys create --name <name> --scope operate`); or a web page of another site tried to act in your name.',
  },
  'not-found': {
    status: 404,
    title: 'There is no such thing',
    help: 'Nothing is at this address, or nothing has this id or name. `/docs` shows the addresses there are.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This address has other methods',
    help: 'The header `Allow` names them.',
  },
  ambiguous: {
    status: 409,
    title: 'Several sources have this',
    help: 'Add `source=<name>` to say which one is meant; `detail` names them.',
  },
  'not-scheduled': {
    status: 409,
    title: 'No worker reads this source',
    help: 'It is in the history, but no longer in the configuration of the workers.',
  },
  'credentials-refused': {
    status: 409,
    title: 'Enterprise Manager refused the credentials',
    help: 'Trying the same ones again could lock the account. Mend user name or password and restart the worker: other credentials are tried at once.',
  },
  'too-large': {
    status: 413,
    title: 'The request is too large',
    help: 'No request to this API needs a body, or more than a few kilobytes of address and headers.',
  },
  misdirected: {
    status: 421,
    title: 'This server does not answer to that name',
    help: 'While there is no key, only this machine may ask, under the names localhost, 127.0.0.1 and [::1], and not through a proxy. Make a key to ask by another name or through a proxy.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    help: 'The key has used up its requests of this minute (API_RATE_LIMIT), too many questions or downloads of one client are under way, or too many requests of an address were refused. Wait for the seconds in `Retry-After`.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The address or the headers are too large',
    help: 'Together they may have 32 kilobytes. Ask for fewer values at once.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong here',
    help: 'It is a fault of this program. The log has it under the `requestId`.',
  },
  unavailable: {
    status: 503,
    title: 'The database or the queue does not answer',
    help: 'Nothing has to be done here but wait: it is asked again by itself. `/readyz` shows which of them it is.',
  },
  'query-timeout': {
    status: 503,
    title: 'The question takes too long',
    help: 'The database gave it up after 30 seconds. Ask for less: a shorter time, a filter more, a longer word in `search`, `count=estimated`.',
  },
} as const satisfies Record<string, { status: number; title: string; help: string }>;

export type ProblemKind = keyof typeof problemKinds;

/** An answer of RFC 9457, thrown where it turns out. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly kind: ProblemKind;
  readonly errors: readonly ParameterProblem[] | undefined;
  /** Seconds. */
  readonly retryAfter: number | undefined;

  constructor(
    kind: ProblemKind,
    detail: string,
    more: { readonly errors?: readonly ParameterProblem[]; readonly retryAfter?: number } = {},
  ) {
    super(detail);
    this.kind = kind;
    this.errors = more.errors;
    this.retryAfter = more.retryAfter;
  }
}

/** Names every wrong parameter. */
export function invalidParameters(errors: readonly ParameterProblem[]): Problem {
  return new Problem(
    'invalid-parameter',
    `${errors.map(({ parameter, message }) => `${parameter} ${message}`).join('; ')}.`,
    { errors },
  );
}
