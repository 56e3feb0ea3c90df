/**
 * A PostgreSQL array literal of the values, null for absent ones. A batch travels as one text parameter a column and is
 * cast and unnested there; arrays of thousands of single parameters cost several times as much on this side.
 */
export function arrayLiteral(values: readonly (string | number | bigint | boolean | null)[]): string {
  let literal = '{';
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (index > 0) literal += ',';
    if (value === null || value === undefined) literal += 'null';
    else if (typeof value === 'string') literal += quote(value);
    else literal += String(value);
  }
  return `${literal}}`;
}

const plain = /^[\w:.-]+$/;
const special = /["\\]/g;

function quote(value: string): string {
  // Ids and times need no quotes, and are most of what is written; the word null would.
  if ((value.length !== 4 || value.toLowerCase() !== 'null') && plain.test(value)) return value;
  return `"${value.replace(special, '\\$&')}"`;
}
