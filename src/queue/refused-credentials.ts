import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);
const hashBytes = 32;

type Credentials = { readonly username: string; readonly password: string };

/** A salted hash that tells later whether the same credentials were refused before; slow on purpose, about 50 ms. */
export async function hashCredentials(credentials: Credentials): Promise<string> {
  const salt = randomBytes(16);
  return `${salt.toString('hex')}:${(await derive(join(credentials), salt, hashBytes)).toString('hex')}`;
}

export async function areSameCredentials(credentials: Credentials, hash: string): Promise<boolean> {
  const [salt = '', expected = ''] = hash.split(':').map((part) => Buffer.from(part, 'hex'));
  if (salt === '' || expected === '' || expected.length !== hashBytes) return false;
  return timingSafeEqual(await derive(join(credentials), salt, hashBytes), expected);
}

// A user name holds no colon.
const join = ({ username, password }: Credentials): string => `${username}:${password}`;
