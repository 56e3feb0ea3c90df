import { parse } from 'node:querystring';
import { Problem } from './problems.ts';

/** More than any question needs; names that are repeated count each time. */
const mostParameters = 200;

/**
 * The parameters of an address, each one text, or several where the name is repeated. This runs before it is known who asks, so it
 * reads one more than there may be and no further; `refuseUnreadable` tells who asked.
 */
export function readParameters(text: string): Record<string, string | string[]> {
  return { ...parse(text, '&', '=', { maxKeys: mostParameters + 1 }) } as Record<string, string | string[]>;
}

/** Throws Problem `bad-request` for an address that was not read whole. */
export function refuseUnreadable(address: string, parameters: unknown): void {
  if (!isDecodable(address))
    throw new Problem('bad-request', 'A percent sign in the address does not begin the code of a character.');
  if (Object.values(parameters as object).flat().length > mostParameters)
    throw new Problem('bad-request', `The address has more than ${mostParameters} parameters.`);
}

function isDecodable(address: string): boolean {
  try {
    // Its answer is used: a bundler takes an unused call for one without effect and drops it.
    return decodeURIComponent(address) !== '';
  } catch {
    return false;
  }
}
