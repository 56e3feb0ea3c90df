import { z } from 'zod';

/** Rules for single values; a failed rule's message goes on after the variable's name. */
export const urlOf = (...protocols: readonly string[]) =>
  z
    .string()
    .refine(
      (value) => protocols.includes(URL.parse(value)?.protocol ?? ''),
      `is no ${protocols[0]?.replace(':', '') ?? ''} address`,
    );

export const sourceUrl = urlOf('https:', 'http:')
  .refine(
    (value) => (URL.parse(value)?.username ?? '') === '',
    'holds a user name: give it as EM_USERNAME and EM_PASSWORD instead',
  )
  .refine((value) => (URL.parse(value)?.hostname ?? '') !== '', 'names no host');

export const bool = z
  .union([z.boolean(), z.string()])
  .refine(
    (value) => typeof value === 'boolean' || /^(true|false|1|0|yes|no)$/i.test(value),
    'is neither true nor false',
  )
  .transform((value) => (typeof value === 'boolean' ? value : /^(true|1|yes)$/i.test(value)));

export const certSha256 = z
  .string()
  .transform((value) => value.replaceAll(':', '').trim().toLowerCase())
  .refine(
    (value) => /^[\da-f]{64}$/.test(value),
    'is no SHA-256 fingerprint (64 hexadecimal digits, colons allowed)',
  );

export const port = z.coerce
  .number('is not a number')
  .int('is not a whole number')
  .min(0, 'is below 0')
  .max(65_535, 'is above 65535');
export const concurrency = z.coerce
  .number('is not a number')
  .int('is not a whole number')
  .min(1, 'is below 1')
  .max(64, 'is above 64');
export const listForm = z.enum(['auto', 'entity', 'reference'], 'is none of auto, entity, reference');
export const tasksMode = z.enum(['all', 'failed', 'none'], 'is none of all, failed, none');
