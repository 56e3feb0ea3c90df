import { SyncError } from '../../domain/sync-error.ts';
import { readEntity, type Entity } from './entity.ts';
import { MalformedXml, parseXml } from './parse-xml.ts';
import type { XmlNode, XmlValue } from './xml-node.ts';

/** Reads a small document whole. Throws SyncError `contract` for anything that is not EM's XML. */
export function readDocument(body: Uint8Array): XmlNode {
  try {
    if (Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes('<!DOCTYPE')) {
      throw new MalformedXml('it declares a DOCTYPE');
    }
    return parseXml(stripMark(body));
  } catch (error) {
    if (!(error instanceof MalformedXml)) throw error;
    const what = `Enterprise Manager answered something that is not its XML: ${error.message}.`;
    throw new SyncError('contract', what, { cause: error });
  }
}

/** The document's root name and the entities right below it, whatever they are called; or the root, if it is an entity. */
export function readEntities(body: Uint8Array): {
  readonly root: string;
  readonly entities: readonly Entity[];
} {
  const [document] = Object.entries(readDocument(body)).filter(([name]) => name !== '#text');
  const [root, value] = document ?? ['', ''];
  if (typeof value === 'string' || Array.isArray(value)) return { root, entities: [] };
  const node = value as XmlNode;
  const nodes = isEntity(node)
    ? [node]
    : Object.entries(node)
        .filter(([name]) => !name.startsWith('@'))
        .flatMap(nodesOf);
  return { root, entities: nodes.filter(isEntity).map(readEntity) };
}

function nodesOf([, value]: [string, XmlValue]): readonly XmlNode[] {
  const all: readonly XmlValue[] = Array.isArray(value) ? (value as readonly XmlValue[]) : [value];
  return all.filter((one): one is XmlNode => typeof one === 'object' && !Array.isArray(one));
}

const isEntity = (node: XmlNode) => '@UID' in node || '@Href' in node;

function stripMark(body: Uint8Array): Uint8Array {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body;
}
