import { setImmediate as turn } from 'node:timers/promises';
import { SyncError } from '../../domain/sync-error.ts';
import { maxDocumentBytes } from './bounds.ts';
import { readEntity, type Entity } from './entity.ts';
import { idOf, textOf } from './fields.ts';
import { explainBreak } from './judge-answer.ts';
import { MalformedXml, parseXml } from './parse-xml.ts';
import type { Cut } from './read-record.ts';
import { splitElements } from './split-elements.ts';
import type { Answer } from './transport.ts';

export type DocumentOptions = {
  /** For messages: "The answer for jobs". */
  readonly what: string;
  readonly containers?: ReadonlySet<string>;
  readonly usual?: ReadonlyMap<string, string>;
  readonly checkRoot?: (root: string) => void;
  readonly take: (cut: Cut) => void;
};

const nothing = new Uint8Array();

/** Goes through a document of bounded size element by element. Throws SyncError for one that is broken or too large. */
export async function readElements(
  answer: Answer,
  options: DocumentOptions,
): Promise<{ readonly root: string }> {
  const { what, ...split } = options;
  const splitter = splitElements(split);
  let size = 0;
  try {
    for await (const chunk of answer.body) {
      size += chunk.byteLength;
      if (size > maxDocumentBytes)
        throw new SyncError('contract', `is larger than ${maxDocumentBytes} bytes`);
      for (let hasMore = splitter.push(chunk); hasMore; hasMore = splitter.push(nothing)) await turn();
    }
    while (splitter.end()) await turn();
  } catch (error) {
    throw explainBreak(what, error);
  }
  return { root: splitter.root() ?? '' };
}

/**
 * The entity in an element that was cut; undefined when it is broken or has no id. One entity that cannot be read leaves
 * the others as they are.
 */
export function entityOf(
  cut: Cut,
): { readonly entity: Entity; readonly id: string; readonly isGarbled: boolean } | undefined {
  if (cut.fault !== '') return undefined;
  const { text, isGarbled } = textOf(cut.bytes);
  try {
    const entity = readEntity(parseXml(text));
    const id = idOf(entity);
    return id === null ? undefined : { entity, id, isGarbled };
  } catch (error) {
    if (error instanceof MalformedXml) return undefined;
    throw error;
  }
}
