/** What a filter may ask of a row: its fields by lower-case name. Words with an order carry it as a number. */
export type Row = Readonly<Record<string, string>>;
export type Predicate = (row: Row) => boolean;

/** A filter that is not in the grammar; answered with 400. */
export class BadFilter extends Error {}

const ranks: Readonly<Record<string, number>> = { none: 0, success: 1, warning: 2, failed: 3 };

/**
 * The filter language of /query: `==  !=  >  <  >=  <=`, `;` for and, `,` for or, parentheses, double quotes around values
 * (a quote inside is doubled). Field names in any case; spaces outside of quotes do not count.
 */
export function parseFilter(text: string): Predicate {
  let at = 0;
  const skip = () => {
    while (text[at] === ' ') at += 1;
  };

  function takes(char: string): boolean {
    skip();
    if (text[at] !== char) return false;
    at += 1;
    return true;
  }

  function alternatives(): Predicate {
    const parts = [conjunction()];
    while (takes(',')) parts.push(conjunction());
    return (row) => parts.some((part) => part(row));
  }

  function conjunction(): Predicate {
    const parts = [term()];
    while (takes(';')) parts.push(term());
    return (row) => parts.every((part) => part(row));
  }

  function term(): Predicate {
    skip();
    if (text[at] === '(') {
      at += 1;
      const inner = alternatives();
      skip();
      if (text[at] !== ')') throw new BadFilter(`")" expected at ${at}`);
      at += 1;
      return inner;
    }
    return comparison();
  }

  function comparison(): Predicate {
    const field = /^\w+/.exec(text.slice(at))?.[0];
    if (field === undefined) throw new BadFilter(`a field expected at ${at}`);
    at += field.length;
    skip();
    const operator = /^(==|!=|>=|<=|>|<)/.exec(text.slice(at))?.[0];
    if (operator === undefined) throw new BadFilter(`an operator expected at ${at}`);
    at += operator.length;
    const wanted = value();
    return (row) => {
      const shown = row[field.toLowerCase()];
      if (shown === undefined) throw new BadFilter(`there is no field ${field}`);
      // What has no end yet compares with nothing.
      if (shown === '' && /time$/i.test(field)) return false;
      return compare(operator, order(field, shown, wanted));
    };
  }

  function value(): string {
    skip();
    if (text[at] !== '"') {
      const bare = /^[^;,()]*/.exec(text.slice(at))?.[0] ?? '';
      at += bare.length;
      return bare.replaceAll(' ', '');
    }
    const quoted = /^"((?:[^"]|"")*)"/.exec(text.slice(at));
    if (quoted === null) throw new BadFilter(`the quote at ${at} is not closed`);
    at += quoted[0].length;
    return (quoted[1] ?? '').replaceAll('""', '"');
  }

  const predicate = alternatives();
  skip();
  if (at < text.length) throw new BadFilter(`unexpected "${text[at] ?? ''}" at ${at}`);
  return predicate;
}

function order(field: string, shown: string, wanted: string): number {
  if (/time$/i.test(field)) return Math.sign(microseconds(shown) - microseconds(wanted));
  if (/^result$/i.test(field))
    return Math.sign((ranks[shown.toLowerCase()] ?? -1) - (ranks[wanted.toLowerCase()] ?? -1));
  const [a, b] = [plain(shown), plain(wanted)];
  return a === b ? 0 : a < b ? -1 : 1;
}

/** An id is the same with and without what stands before it. */
const plain = (text: string) => text.toLowerCase().replace(/^urn:veeam:\w+:/, '');

function microseconds(text: string): number {
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?Z?$/.exec(text);
  if (match === null) throw new BadFilter(`"${text}" is not a time`);
  return Date.parse(`${match[1] ?? ''}T${match[2] ?? ''}Z`) * 1_000 + Number((match[3] ?? '').padEnd(6, '0'));
}

function compare(operator: string, order: number): boolean {
  switch (operator) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '>':
      return order > 0;
    case '<':
      return order < 0;
    case '>=':
      return order >= 0;
    default:
      return order <= 0;
  }
}
