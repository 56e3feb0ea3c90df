import type { KnownRecords } from '../../domain/known-records.ts';
import { SyncError } from '../../domain/sync-error.ts';
import { chunkJoiner } from './chunk-joiner.ts';
import { endOfElement, endOfMarkup, localName, qualifiedName } from './markup.ts';

/** A record cut out of the document: the bytes of one element from its start tag to its end tag. */
export type CutRecord = { readonly name: string; readonly bytes: Uint8Array };

export type RecordSplitter = {
  /** The records completed by this chunk, without those that are known. Their memory is theirs until the next call. */
  push(chunk: Uint8Array): SplitResult;
  /** No more is coming: the records in what waited to be compared as one. */
  flush(): SplitResult;
  /** The document has ended; throws unless it was whole. */
  end(): void;
  /** Local name of the root element, once it has been read. */
  root(): string | undefined;
};

/** Records before a break are never lost: they come with the break. */
export type SplitResult = { readonly records: readonly CutRecord[]; readonly broken: SyncError | undefined };

/** A record larger than this is no record. EM's are about 1 to 3 kB. */
const maxRecordBytes = 4 * 1024 * 1024;

/** More white space between two records than this is no layout of anybody's. */
const maxGapBytes = 64;

const lessThan = 0x3c;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Cuts records out of an XML byte stream without parsing them, whatever the chunks: records are the elements with one of
 * the given local names, outermost first. Between them only white space, comments, processing instructions and other
 * elements may stand. DOCTYPE is refused, so no entity is ever declared.
 */
export function splitRecords(recordNames: ReadonlySet<string>, known?: KnownRecords): RecordSplitter {
  let rest: Buffer = Buffer.alloc(0);
  const join = chunkJoiner();
  /** Bytes of the document before `rest`, to say where it broke. */
  let consumed = 0;
  let isStarted = false;
  let root: string | undefined;
  const open: string[] = [];
  /** Where to go on looking for the end of the record that begins at the start of `rest`. */
  let searchedTo = 0;
  /** There was nothing but white space since the last record. */
  let isBehindRecord = false;
  /** So many bytes are to be compared as one, once they are here, or no more are coming. */
  let awaited = 0;
  let isEnding = false;

  function take(): SplitResult {
    const records: CutRecord[] = [];
    try {
      const used = isStarted || start() ? cut(records) : 0;
      rest = rest.subarray(used);
      consumed += used;
    } catch (error) {
      if (error instanceof SyncError) return { records, broken: error };
      throw error;
    }
    return { records, broken: undefined };
  }

  /** Passes a byte order mark; false while there are too few bytes to tell. */
  function start(): boolean {
    if (rest.length < 4) return false;
    if (
      (rest[0] === 0xff && rest[1] === 0xfe) ||
      (rest[0] === 0xfe && rest[1] === 0xff) ||
      rest[0] === 0 ||
      rest[1] === 0
    ) {
      throw broken(0, 'is not UTF-8');
    }
    if (rest.subarray(0, 3).equals(byteOrderMark)) rest = rest.subarray(3);
    isStarted = true;
    return true;
  }

  function cut(records: CutRecord[]): number {
    let at = 0;
    for (;;) {
      const isHere = awaited <= rest.length - at;
      if (!isHere && !isEnding) return at;
      if (isHere && awaited > 0 && known?.passBehind(rest.subarray(at, at + awaited)) === true) at += awaited;
      awaited = 0;
      const before = at;
      at = skipText(at);
      isBehindRecord &&= open.length < 2 && at - before <= maxGapBytes;
      // The gap stays with the record that comes after it.
      const keepFrom = isBehindRecord ? before : at;
      if (at >= rest.length) return keepFrom;
      const markup = endOfMarkup(rest, at);
      if (markup === undefined) return waitForMore(at, keepFrom);
      switch (markup.kind) {
        case 'comment':
        case 'instruction':
          break;
        case 'cdata':
          if (open.length < 2) throw broken(at, 'has text where none may be');
          break;
        case 'doctype':
          if (/^<!doctype\s+html/i.test(rest.toString('latin1', at, at + 20)))
            throw broken(at, 'is an HTML page');
          throw broken(
            at,
            'declares a DOCTYPE, which Enterprise Manager never does; it is refused for safety',
          );
        case 'end': {
          const name = qualifiedName(rest, at + 2);
          if (open.pop() !== name) throw broken(at, `closes <${name}> where it is not open`);
          break;
        }
        case 'start': {
          const name = qualifiedName(rest, at + 1);
          if (name === '') throw broken(at, 'has a "<" that begins no tag');
          const local = localName(name);
          if (open.length === 0 && root !== undefined) throw broken(at, 'goes on after its end');
          root ??= local;
          if (!recordNames.has(local)) {
            if (!markup.isEmpty) open.push(name);
            break;
          }
          const end = markup.isEmpty ? markup.end : endOfRecord(at, name, markup.end);
          if (end === undefined) return waitForMore(at, keepFrom);
          const bytes = rest.subarray(at, end);
          if (known?.passRecord(bytes, isBehindRecord ? rest.subarray(before, at) : undefined) === true)
            awaited = known.lengthBehind();
          else records.push({ name: local, bytes });
          isBehindRecord = true;
          searchedTo = 0;
          at = end;
          continue;
        }
      }
      isBehindRecord = false;
      at = markup.end;
    }
  }

  /** Keeps what begins at `at`, and the gap before it, for the next chunk. */
  function waitForMore(at: number, keepFrom: number): number {
    if (rest.length - at > maxRecordBytes)
      throw broken(at, `has a record of more than ${maxRecordBytes} bytes`);
    searchedTo = Math.max(0, searchedTo - keepFrom);
    return keepFrom;
  }

  /** From `at` to the next "<"; only white space may stand there, except inside elements that are no records. */
  function skipText(at: number): number {
    let position = at;
    while (position < rest.length && isSpace(rest[position])) position += 1;
    if (position >= rest.length || rest[position] === lessThan) return position;
    // Root and list hold elements only; text deeper down belongs to elements of no interest.
    if (open.length < 2)
      throw broken(position, root === undefined ? 'is not XML' : 'has text between its records');
    const next = rest.indexOf(lessThan, position);
    return next === -1 ? rest.length : next;
  }

  /** End of the record that begins at `at`, or undefined while it is not all here. */
  function endOfRecord(at: number, name: string, contentFrom: number): number | undefined {
    const endTag = `</${name}`;
    let from = Math.max(contentFrom, searchedTo);
    for (;;) {
      const found = rest.indexOf(endTag, from, 'latin1');
      if (found === -1) {
        searchedTo = Math.max(contentFrom, rest.length - endTag.length);
        return undefined;
      }
      const after = found + endTag.length;
      if (after >= rest.length) {
        searchedTo = found;
        return undefined;
      }
      if (rest[after] !== 0x3e && !isSpace(rest[after])) {
        // The end tag of the list itself, or of another element with a longer name.
        from = after;
        continue;
      }
      const close = rest.indexOf('>', after);
      if (close === -1) {
        searchedTo = found;
        return undefined;
      }
      const end = close + 1;
      if (!hasSections(at, end)) {
        if (beginsAgain(at, end, name))
          throw broken(at, `has a <${name}> that is not closed before the next`);
        return end;
      }
      // A comment or CDATA section may hold anything that looks like a tag: go through it tag by tag.
      const careful = endOfElement(rest, at);
      if (careful === 'unbalanced') throw broken(at, `has a <${name}> whose tags do not match`);
      searchedTo = contentFrom;
      return careful;
    }
  }

  /** Whether there is a comment, a CDATA section or a processing instruction between two positions. */
  function hasSections(from: number, to: number): boolean {
    for (const mark of [0x21, 0x3f]) {
      let found = rest.indexOf(mark, from);
      for (; found !== -1 && found < to; found = rest.indexOf(mark, found + 1)) {
        if (rest[found - 1] === lessThan) return true;
      }
    }
    return false;
  }

  function beginsAgain(from: number, to: number, name: string): boolean {
    const startTag = `<${name}`;
    let found = rest.indexOf(startTag, from + 1, 'latin1');
    for (; found !== -1 && found < to; found = rest.indexOf(startTag, found + 1, 'latin1')) {
      const next = rest[found + startTag.length];
      if (next === 0x3e || next === 0x2f || isSpace(next)) return true;
    }
    return false;
  }

  function broken(at: number, what: string): SyncError {
    return new SyncError('contract', `${what} (at byte ${consumed + at})`);
  }

  return {
    push: (chunk) => {
      rest = join(rest, chunk);
      return take();
    },
    flush: () => {
      isEnding = true;
      return take();
    },
    end: () => {
      if (root === undefined)
        throw broken(rest.length, rest.length === 0 ? 'is empty' : 'ends before its first element');
      if (open.length > 0 || rest.some((byte) => !isSpace(byte))) {
        throw broken(rest.length, 'is cut off: it ends before its last closing tag');
      }
    },
    root: () => root,
  };
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
