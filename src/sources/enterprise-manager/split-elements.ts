import { SyncError } from '../../domain/sync-error.ts';
import {
  maxDepthAround,
  maxKeptText,
  maxRecordBytes,
  maxSkippedBytes,
  maxSpaceBytes,
  maxStrayBytes,
} from './bounds.ts';
import { chunkJoiner } from './chunk-joiner.ts';
import {
  describeStart,
  endOfElement,
  endOfSection,
  endOfTag,
  endsName,
  greaterThan,
  isSpace,
  lessThan,
  localName,
  qualifiedName,
} from './markup.ts';

/** One element of a list. `fault`: why it is not whole; '' when nothing is known against it. */
export type CutElement = {
  /** Local name; '' for what is no element. */
  readonly name: string;
  /** From start tag to end tag; theirs until `take` returns. */
  readonly bytes: Buffer;
  readonly fingerprint: string;
  readonly fault: string;
};

export type SplitOptions = {
  /** Elements that are gone into rather than cut; the root always is. Local names. */
  readonly containers?: ReadonlySet<string>;
  /** What the elements of a list are called, by local name of its root: where the next begins when one is broken. */
  readonly usual?: ReadonlyMap<string, string>;
  /** The fingerprint of an element to be taken, or undefined for one that is known: it is passed over. */
  readonly recognise?: (bytes: Buffer) => string | undefined;
  /** Throws for a root that is not wanted, given by its local name. */
  readonly checkRoot?: (root: string) => void;
  readonly take: (element: CutElement) => void;
};

/** Where an element seems to end, and its fingerprint up to there if it is to be taken. */
type Glance = { readonly end: number; readonly print: string | undefined };

/** Longer than any tag that ends an element, so that none is missed where two pieces meet. */
const overlap = 256;
/** Names whose tags were looked for; more than that are forgotten. */
const maxMarks = 64;
/** What is cut out at once: others in the process wait for so long. */
const mostAtOnce = { elements: 256, bytes: 262_144 };

/**
 * Cuts the elements out of an XML byte stream without parsing them, whatever the chunks. One that is broken ends where the
 * next begins, or with its end tag, and takes nothing else with it. `push` and `end` throw SyncError `contract` where the
 * document itself is broken, after every element before that was taken. Both return whether there is more to cut out of what
 * came: then they are called again, `push` with nothing, after others had their turn.
 */
export function splitElements(options: SplitOptions) {
  const { take, recognise = () => '', containers } = options;
  let rest: Buffer = Buffer.alloc(0);
  const join = chunkJoiner();
  /** Bytes of the document before `rest`. */
  let consumed = 0;
  let root: string | undefined;
  const open: string[] = [];
  /** Qualified name of the elements of this list. */
  let usual: string | undefined;
  /** Where to go on looking for the end of the element at the start of `rest`. */
  let searchedTo = 0;
  let space = 0;
  /** An element too large to keep, while its end is looked for. */
  let skipping: { readonly name: string; readonly head: Buffer; skipped: number } | undefined;
  /** Nothing is read before so many bytes wait. */
  let tryAt = 0;
  let isEnding = false;
  /** Whether the last cut stopped before it had to. */
  let hasMore = false;
  const marks = new Map<string, { from: number; to: number; found: number }>();

  const broken = (at: number, what: string) =>
    new SyncError('contract', `${what} (at byte ${consumed + at})`);

  /**
   * Remembers what it found, so that looking again and again for what is not there reads no byte twice. `isIt`: undefined while what
   * follows the mark is not here.
   */
  function find(mark: string, from: number, isIt: (at: number) => boolean | undefined = () => true): number {
    const known = marks.get(mark) ?? { from: 0, to: 0, found: -1 };
    const absolute = consumed + from;
    if (known.from <= absolute && known.found >= absolute) return known.found - consumed;
    const start = known.from <= absolute && known.found < 0 ? Math.max(absolute, known.to) - consumed : from;
    let found = rest.indexOf(mark, start, 'latin1');
    let answer: boolean | undefined;
    while (found !== -1 && (answer = isIt(found)) === false) found = rest.indexOf(mark, found + 1, 'latin1');
    const isHere = found !== -1 && answer !== undefined;
    if (marks.size >= maxMarks && !marks.has(mark)) marks.clear();
    marks.set(mark, {
      from: absolute,
      to: Math.max(absolute, consumed + (found === -1 ? rest.length - mark.length + 1 : found)),
      found: isHere ? consumed + found : -1,
    });
    return isHere ? found : -1;
  }

  function cut(): number {
    let at = 0;
    hasMore = false;
    for (let elements = 0; ; elements += 1) {
      if (elements === mostAtOnce.elements || at >= mostAtOnce.bytes) {
        hasMore = true;
        return at;
      }
      if (skipping !== undefined) at = skip(at);
      if (skipping !== undefined) return at;
      at = skipSpace(at);
      if (at >= rest.length) return at;
      const next = rest[at] === lessThan ? nextOf(at) : strayText(at);
      if (next === undefined) return wait(at);
      at = next;
      searchedTo = 0;
    }
  }

  function wait(at: number): number {
    searchedTo = Math.max(0, searchedTo - at);
    return at;
  }

  function skipSpace(at: number): number {
    let position = at;
    while (position < rest.length && isSpace(rest[position])) position += 1;
    space = position > at || position >= rest.length ? space + position - at : 0;
    if (space > maxSpaceBytes) throw broken(position, 'holds nothing but white space for a megabyte');
    if (position < rest.length) space = 0;
    return position;
  }

  /** Text where only elements may stand. */
  function strayText(at: number): number | undefined {
    if (root === undefined) throw broken(at, describeStart(rest.subarray(at, at + 64)));
    if (open.length === 0) throw broken(at, 'goes on after its end');
    const end = rest.indexOf(lessThan, at + 1);
    if ((end === -1 ? rest.length : end) - at > maxStrayBytes)
      throw broken(at, 'has text between its records');
    if (end === -1) return undefined;
    return give(at, end, '', 'is text between records');
  }

  function give(at: number, end: number, name: string, fault: string): number {
    const bytes = rest.subarray(at, end);
    const print = recognise(bytes);
    if (print !== undefined) take({ name, bytes, fingerprint: print, fault });
    return end;
  }

  function nextOf(at: number): number | undefined {
    const section = endOfSection(rest, at, find);
    if (section === undefined) {
      if (!isEnding && rest.length - at <= maxRecordBytes) return undefined;
      return brokenSection(at);
    }
    if (section === 'broken') return brokenSection(at);
    if (section !== 'none') {
      if (rest[at + 1] === 0x21 && rest[at + 2] === 0x5b) {
        if (open.length === 0) throw broken(at, 'has text where none may be');
        return give(at, section, '', 'is text between records');
      }
      return section;
    }
    if (rest[at + 1] === 0x2f) return endOfContainer(at);
    return element(at);
  }

  function brokenSection(at: number): number | undefined {
    const begins = rest.toString('latin1', at, at + 20);
    if (/^<!doctype\s+html/i.test(begins)) throw broken(at, 'is an HTML page');
    if (/^<!doctype/i.test(begins))
      throw broken(at, 'declares a DOCTYPE, which Enterprise Manager never does; it is refused for safety');
    if (open.length === 0) throw broken(at, 'has a "<!" that begins nothing');
    return strayText(at);
  }

  function endOfContainer(at: number): number | undefined {
    const close = rest.indexOf(greaterThan, at);
    if (close === -1) {
      if (rest.length - at > maxStrayBytes) throw broken(at, 'has an end tag that is not closed');
      return undefined;
    }
    const name = qualifiedName(rest, at + 2);
    if (open.length === 0) throw broken(at, root === undefined ? 'is not XML' : 'goes on after its end');
    const level = open.lastIndexOf(name);
    // Of something that never began: it ends nothing.
    if (level === -1)
      return give(at, close + 1, '', `is the end of <${name.slice(0, 50)}>, which is not open`);
    open.length = level;
    return close + 1;
  }

  function element(at: number): number | undefined {
    const glance = usual !== undefined && beginsWith(usual, at + 1) ? glanceAt(at, usual) : undefined;
    if (glance?.print === undefined && glance !== undefined) return glance.end;
    const tagEnd = endOfTag(rest, at);
    if (tagEnd === undefined) {
      if (rest.length - at <= maxRecordBytes) return undefined;
      if (open.length === 0) throw broken(at, 'has a tag that does not end');
    }
    const qualified = qualifiedName(rest, at + 1);
    if (qualified === '') {
      if (root === undefined) throw broken(at, 'is not XML');
      return strayText(at);
    }
    const name = localName(qualified);
    const isContainer = root === undefined || containers?.has(name) === true;
    if (open.length === 0 || isContainer) {
      if (root !== undefined && open.length === 0) throw broken(at, 'goes on after its end');
      if (typeof tagEnd !== 'number')
        throw broken(at, `has a tag <${qualified.slice(0, 50)}> that is broken`);
      if (open.length >= maxDepthAround) throw broken(at, `is nested more than ${maxDepthAround} deep`);
      if (root === undefined) options.checkRoot?.(name);
      root ??= name;
      if (rest[tagEnd - 2] !== 0x2f) open.push(qualified);
      const inside = options.usual?.get(name);
      if (inside !== undefined) usual = qualified.slice(0, -name.length) + inside;
      return tagEnd;
    }
    if (typeof tagEnd === 'number' && rest[tagEnd - 2] === 0x2f) return give(at, tagEnd, name, '');
    return elementWithContent(at, qualified, name, glance);
  }

  /** Most records are known, byte for byte: of such a one nothing needs to be looked at but where it ends. */
  function glanceAt(at: number, qualified: string): Glance | undefined {
    const end = endTag(qualified, Math.max(at + 1, searchedTo), Math.min(rest.length, at + maxRecordBytes));
    return end === undefined ? undefined : { end, print: recognise(rest.subarray(at, end)) };
  }

  function beginsWith(name: string, at: number): boolean {
    for (let index = 0; index < name.length; index += 1)
      if (rest[at + index] !== name.charCodeAt(index)) return false;
    return endsName(rest[at + name.length] ?? 0);
  }

  function elementWithContent(
    at: number,
    qualified: string,
    name: string,
    glance: Glance | undefined,
  ): number | undefined {
    const limit = at + maxRecordBytes;
    const isFull = rest.length > limit;
    const within = isFull ? rest.subarray(0, limit) : rest;
    const from = Math.max(at + 1, searchedTo);
    const isOdd = usual !== undefined && qualified !== usual;
    const following = isOdd ? startTag(usual ?? '', from, within.length) : -1;
    const end = glance?.end ?? endTag(qualified, from, following === -1 ? within.length : following);
    // Unknown and maybe never closed: the records behind it must not be taken for its content.
    if (following !== -1 && end === undefined) {
      const careful = hasSections(at, following) ? endOfElement(within, at, find) : 'broken';
      if (careful === undefined && !isFull && !isEnding) {
        waitForAll();
        return undefined;
      }
      if (typeof careful === 'number') return give(at, careful, name, '');
      return give(at, following, name, 'is not closed before the next record');
    }
    if (end === undefined) {
      const next = isFull ? startTag(qualified, at + 1, limit) : -1;
      if (next !== -1) return give(at, next, name, 'is not closed before the next');
      if (isFull) return beginSkip(at, qualified);
      searchedTo = Math.max(at + 1, rest.length - 2 * Math.max(qualified.length, usual?.length ?? 0) - 8);
      return undefined;
    }
    const bytes = rest.subarray(at, end);
    const print = glance?.print ?? recognise(bytes);
    if (print === undefined) return end;
    const next = startTag(qualified, at + 1, end);
    if (hasSections(at, next === -1 ? end : next)) {
      const careful = endOfElement(within, at, find);
      if (careful === undefined && !isFull && !isEnding) {
        waitForAll();
        return undefined;
      }
      if (typeof careful === 'number') {
        usual = qualified;
        return give(at, careful, name, '');
      }
    }
    if (next !== -1) return give(at, next, name, 'is not closed before the next');
    if (name !== 'Links' && name !== 'PagingInfo') usual = qualified;
    take({ name, bytes, fingerprint: print, fault: '' });
    return end;
  }

  function waitForAll(): void {
    searchedTo = 0;
  }

  /** After the end tag, if it is all there before `limit`. */
  function endTag(qualified: string, from: number, limit: number): number | undefined {
    const mark = latin1(`</${qualified}`);
    const closeOf = (at: number): number | undefined => {
      let position = at + mark.length;
      while (position - at < overlap && isSpace(rest[position])) position += 1;
      return position < rest.length ? position : undefined;
    };
    const found = find(mark, from, (at) => {
      const close = closeOf(at);
      return close === undefined ? undefined : rest[close] === greaterThan;
    });
    const end = found === -1 ? undefined : closeOf(found);
    return end === undefined || end >= limit ? undefined : end + 1;
  }

  function startTag(qualified: string, from: number, limit: number): number {
    const mark = latin1(`<${qualified}`);
    const found = find(mark, from, (at) => {
      const after = rest[at + mark.length];
      return after === undefined ? undefined : endsName(after);
    });
    return found === -1 || found + mark.length >= limit ? -1 : found;
  }

  /** Whether there is a comment, a CDATA section or an instruction between two positions. */
  function hasSections(from: number, to: number): boolean {
    const here = rest.subarray(from, to);
    for (const mark of [0x21, 0x3f]) {
      for (let at = here.indexOf(mark); at !== -1; at = here.indexOf(mark, at + 1))
        if (here[at - 1] === lessThan) return true;
    }
    return false;
  }

  function beginSkip(at: number, qualified: string): number {
    skipping = { name: qualified, head: Buffer.from(rest.subarray(at, at + maxKeptText)), skipped: 0 };
    return at + maxRecordBytes - overlap;
  }

  /** Passes over what cannot hold the end of the skipped element; having found that, gives what was kept of it. */
  function skip(at: number): number {
    const { name, head, skipped } = skipping ?? { name: '', head: rest, skipped: 0 };
    const ends = [
      endTag(name, at, rest.length) ?? -1,
      startTag(name, at, rest.length),
      usual === undefined ? -1 : startTag(usual, at, rest.length),
      find(latin1(`</${open.at(-1) ?? ''}>`), at),
    ].filter((end) => end !== -1);
    if (ends.length === 0) {
      const through = Math.max(0, rest.length - at - overlap);
      if (skipped + through > maxSkippedBytes) throw broken(at, 'has a record without an end');
      skipping = { name, head, skipped: skipped + through };
      return at + through;
    }
    skipping = undefined;
    const print = recognise(head);
    const fault = `is larger than ${maxRecordBytes} bytes`;
    if (print !== undefined) take({ name: localName(name), bytes: head, fingerprint: print, fault });
    return Math.min(...ends);
  }

  function run(): boolean {
    const used = cut();
    rest = rest.subarray(used);
    consumed += used;
    // What waits is read again from its start: not at each few bytes, or it would take quadratic time.
    tryAt = rest.length > 4_096 && !hasMore ? rest.length + (rest.length >> 3) : 0;
    return hasMore;
  }

  let isLastGiven = false;
  return {
    push: (chunk: Uint8Array): boolean => {
      rest = join(rest, chunk);
      return rest.length >= tryAt && run();
    },
    end: (): boolean => {
      isEnding = true;
      if (run()) return true;
      if (root === undefined)
        throw broken(
          rest.length,
          consumed + rest.length === 0 ? 'is empty' : 'ends before its first element',
        );
      const list = open.at(-1);
      const isKept = list === undefined || skipping !== undefined || isLastGiven;
      const close = isKept ? -1 : rest.indexOf(`</${list}`, 0, 'utf8');
      if (close > 0) {
        // The last record was never closed: it ends with the list.
        isLastGiven = true;
        const used = give(0, close, localName(qualifiedName(rest, 1)), 'is not closed');
        rest = rest.subarray(used);
        consumed += used;
        searchedTo = 0;
        if (run()) return true;
      }
      if (open.length > 0 || skipping !== undefined || rest.some((byte) => !isSpace(byte)))
        throw broken(rest.length, 'is cut off: it ends before its last closing tag');
      return false;
    },
    root: (): string | undefined => root,
  };
}

/** A mark as `find` looks for it: a character for each byte. */
const latin1 = (mark: string): string => Buffer.from(mark).toString('latin1');
