import { z } from 'zod';

/** Rules for single values; a failed rule's message goes on after the name of what is wrong. */

export const text = z.string({
  error: (issue) => (issue.input === undefined ? 'is missing' : 'is not a text'),
});

export const urlOf = (...protocols: readonly string[]) =>
  text.refine(
    (value) => protocols.includes(parseUrl(value)?.protocol ?? ''),
    `is no ${protocols.map((protocol) => `${protocol}//`).join(' or ')} address`,
  );

/** Tables live in schema `public`: Prisma names them so. Another one in the address would be ignored in silence. */
export const databaseUrl = urlOf('postgres:', 'postgresql:').refine(
  (value) => ['public', null].includes(parseUrl(value)?.searchParams.get('schema') ?? null),
  'asks for a schema: the history needs a database of its own and keeps its tables in schema public; leave ?schema= out',
);

/** An address with a host, and without the credentials that would end up in messages and logs. */
export const sourceUrl = urlOf('https:', 'http:').refine((value) => {
  const url = parseUrl(value);
  return url === undefined || (url.username === '' && url.password === '');
}, 'holds a user name or a password: give them as EM_USERNAME and EM_PASSWORD (username and password in SOURCES_FILE)');

export const sourceName = text
  .min(1, 'is empty')
  .max(200, 'is longer than 200 characters')
  .refine((value) => value === value.trim(), 'begins or ends with a space')
  // PostgreSQL cannot store NUL, and terminals act on the others.
  .refine((value) => !/\p{C}/u.test(value), 'holds control characters');

export const username = text
  .min(1, 'is empty')
  .refine((value) => !value.includes(':'), 'holds a colon, which a Basic logon cannot carry');

export const bearerToken = text
  .min(16, 'is shorter than 16 characters')
  .regex(/^[\w.~+/-]+=*$/, 'holds characters that a bearer token cannot');

const neither = 'is neither true nor false';
export const bool = z
  .union([z.boolean(), z.string().regex(/^(true|false|1|0|yes|no)$/i, neither)], neither)
  .transform((value) => (typeof value === 'boolean' ? value : /^(true|1|yes)$/i.test(value)));

export const certSha256 = text
  .transform((value) => value.replaceAll(/[:\s]/g, '').toLowerCase())
  .refine(
    (value) => /^[\da-f]{64}$/.test(value),
    'is no SHA-256 fingerprint (64 hexadecimal digits, colons allowed)',
  );

// Number('') is 0 and Number('0x1f') is 31: neither is what somebody meant.
const number = z.union(
  [
    z.number(),
    z
      .string()
      .regex(/^\s*-?\d*\.?\d+\s*$/)
      .transform(Number),
  ],
  'is not a number',
);
const integer = (min: number, max: number) =>
  number.pipe(
    z.number().int('is not a whole number').min(min, `is below ${min}`).max(max, `is above ${max}`),
  );

/** 0 lets the operating system choose. */
export const port = integer(0, 65_535);
export const concurrency = integer(1, 64);
export const workerConcurrency = integer(1, 1_000);
export const rateLimit = integer(1, 10_000_000);
export const origins = text
  .transform((value) => value.split(',').map((origin) => origin.trim()))
  .refine(
    (all) => all.every((one) => URL.canParse(one) && new URL(one).origin === one),
    'is no list of origins such as https://portal.example.com, each without a path',
  );
export const intervalMinutes = number.pipe(
  z
    .number()
    .min(0.05, 'is below 0.05')
    .max(43_200, 'is more than 30 days, after which Enterprise Manager forgets'),
);

export const fullEveryMinutes = z.union(
  [z.literal('auto'), number.pipe(z.number().min(0).max(1_440))],
  'is neither auto nor a number from 0 to 1440',
);

export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, `is none of ${words.join(', ')}`);
export const listForm = oneOf(['auto', 'entity', 'reference']);
export const tasksMode = oneOf(['all', 'failed', 'none']);
export const batchMode = oneOf(['auto', 'off']);

function parseUrl(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined;
}
