import { createHash } from 'node:crypto';
import type { KnownRecords } from '../domain/known-records.ts';
import type { Stretch, StretchChanges } from '../domain/stretch.ts';
import { fingerprint, fingerprintBytes } from './fingerprint.ts';
import { guidFromBytes } from './guid.ts';
import type { RecordIndex } from './record-index.ts';

export type RecordRecogniser = KnownRecords & {
  /** The list is read again from its start. */
  startOver(): void;
  /** After a complete list, its records taken in by the index. */
  changes(): StretchChanges;
};

/** One change in a longer stretch costs more; in shorter ones, more records are cut to find where they begin. */
const defaultLongestBytes = 262_144;
const mostRecords = 1_024;
const none = -1;

/** Of a packed stretch, in bytes: its head, the size of its body, then the body as `Stretch` has it. */
const offsets = { bodySize: 16, print: 20, length: 36, records: 40 };

/**
 * Knows records by their fingerprints, and rows of them that stand together as they did last time by one fingerprint for all:
 * most of what a poll reads is then hashed and compared as it came, without being cut. Nothing is assumed about the order of
 * the list: wherever the first record of a stretch stands, the bytes behind it are compared, and if they differ, the records
 * are taken one by one. `stretches`: as `readStretches` packs them.
 */
export function recogniseRecords(
  index: RecordIndex,
  stretches: Uint8Array,
  onPassed: (records: number) => void,
  longestBytes = defaultLongestBytes,
): RecordRecogniser {
  const view = new DataView(stretches.buffer, stretches.byteOffset, stretches.byteLength);
  /** Where the stretches begin that have that entry of the index for their head. */
  const byHead = new Map<number, number>();
  const met = new Set<number>();
  let formed = new Map<string, Stretch>();
  const forming = formStretch(longestBytes);
  let expected = none;

  for (const at of offsetsOf(view)) {
    const head = index.entryOf(stretches.subarray(at, at + fingerprintBytes));
    if (head !== undefined) byHead.set(head, at);
  }

  function close(): void {
    const stretch = forming.end();
    if (stretch !== undefined) formed.set(stretch.head, stretch);
  }

  return {
    passRecord: (record, gap) => {
      const print = fingerprint(record);
      const entry = index.see(print);
      expected = (entry === undefined ? undefined : byHead.get(entry)) ?? none;
      if (expected !== none || gap === undefined || !forming.add(print, record, gap)) {
        close();
        forming.begin(print);
      }
      if (entry !== undefined) onPassed(1);
      return entry !== undefined;
    },
    lengthBehind: () => (expected === none ? 0 : view.getUint32(expected + offsets.length)),
    passBehind: (bytes) => {
      const from = expected + offsets.records;
      const to = expected + offsets.print + view.getUint32(expected + offsets.bodySize);
      const print = stretches.subarray(expected + offsets.print, expected + offsets.length);
      if (!fingerprint(bytes).equals(print) || !index.seeAll(stretches.subarray(from, to))) return false;
      met.add(expected);
      forming.drop();
      onPassed((to - from) / fingerprintBytes);
      return true;
    },
    startOver: () => {
      forming.drop();
      formed = new Map();
      met.clear();
    },
    changes: () => {
      close();
      const isComplete = ({ body }: Stretch) =>
        index.knowsAll(body.subarray(offsets.records - offsets.print));
      const gone: string[] = [];
      for (const at of offsetsOf(view)) {
        if (!met.has(at)) gone.push(guidFromBytes(stretches, at));
      }
      return { formed: [...formed.values()].filter(isComplete), gone };
    },
  };
}

function* offsetsOf(view: DataView): Generator<number> {
  for (let at = 0; at < view.byteLength; at += offsets.print + view.getUint32(at + offsets.bodySize))
    yield at;
}

/** Puts records that follow each other into one stretch, as long as there is room. */
function formStretch(longestBytes: number) {
  const prints = Buffer.alloc(mostRecords * fingerprintBytes);
  let head: Uint8Array | undefined;
  let digest = createHash('sha256');
  let records = 0;
  let length = 0;
  const drop = () => {
    head = undefined;
    if (records > 0) digest = createHash('sha256');
    records = 0;
    length = 0;
  };
  return {
    begin: (print: Uint8Array) => {
      drop();
      head = print;
    },
    /** False when it does not belong to the stretch any more. */
    add: (print: Uint8Array, record: Uint8Array, gap: Uint8Array): boolean => {
      const longer = length + gap.byteLength + record.byteLength;
      if (head === undefined || records === mostRecords || longer > longestBytes) return false;
      if (gap.byteLength > 0) digest.update(gap);
      digest.update(record);
      prints.set(print, records * fingerprintBytes);
      records += 1;
      length = longer;
      return true;
    },
    drop,
    end: (): Stretch | undefined => {
      if (head === undefined || records === 0) return undefined;
      const size = Buffer.alloc(4);
      size.writeUInt32BE(length);
      const print = digest.digest().subarray(0, fingerprintBytes);
      const stretch = {
        head: guidFromBytes(head),
        body: Buffer.concat([print, size, prints.subarray(0, records * fingerprintBytes)]),
      };
      drop();
      return stretch;
    },
  };
}
