import { decodeText } from './parse-xml.ts';
import type { XmlNode, XmlValue } from './xml-node.ts';

/** Something in the answer that makes one record unreadable, said so that a person can find it. */
export class Unreadable extends Error {}

/** One element of EM's with its attributes, child elements and links. Values are decoded text. */
export type Entity = {
  /** Exact text of an attribute (`@Name`) or a child element (`Name`); undefined when absent or nil, '' when empty. */
  text(key: string): string | undefined;
  /** The first link of a kind: where it leads and what it calls its target. Order means nothing, links are found by kind. */
  link(rel: string, type: string): { readonly href: string; readonly name: string } | undefined;
  /** All that is not among the names given, as plain JSON; null when there is nothing. */
  rest(known: ReadonlySet<string>): Readonly<Record<string, unknown>> | null;
};

// The vendor's documentation prints every attribute with a space on each side of its value, and so may who copies it.
const paddedId = /^ \S.* $/;
const layout = /[\t\n]/;

export function readEntity(node: XmlNode): Entity {
  let links: readonly XmlNode[] | undefined;
  const isPadded = paddedId.test(attribute(node, '@UID') ?? attribute(node, '@Href') ?? '');

  function attributeText(of: XmlNode, key: string): string | undefined {
    const value = attribute(of, key);
    if (value === undefined) return undefined;
    const unpadded = isPadded ? value.replace(/^ /, '').replace(/ $/, '') : value;
    return decodeText(layout.test(unpadded) ? unpadded.replace(/[\t\n]/g, ' ') : unpadded);
  }

  return {
    text: (key) => (key.startsWith('@') ? attributeText(node, key) : elementText(node[key])),
    link: (rel, type) => {
      links ??= children(node['Links'], 'Link');
      for (const link of links) {
        // Words of the vendor's, never escaped; their padding, if any, is all there is to take off.
        if (attribute(link, '@Type')?.trim() !== type || attribute(link, '@Rel')?.trim() !== rel) continue;
        return { href: attributeText(link, '@Href') ?? '', name: attributeText(link, '@Name') ?? '' };
      }
      return undefined;
    },
    rest: (known) => {
      let rest: Record<string, unknown> | null = null;
      for (const name in node) {
        const isAttribute = name.startsWith('@');
        const bare = isAttribute ? name.slice(1) : name;
        if (known.has(bare) || name === '#text' || bare.startsWith('xmlns')) continue;
        rest ??= {};
        rest[bare] = isAttribute ? attributeText(node, name) : plain(node[name] ?? '');
      }
      return rest;
    },
  };
}

/** The element's children of one name, empty elements included. */
export function children(value: XmlValue | undefined, name: string): readonly XmlNode[] {
  if (typeof value !== 'object' || Array.isArray(value)) return [];
  const found = (value as XmlNode)[name];
  const all = found === undefined ? [] : Array.isArray(found) ? (found as readonly XmlValue[]) : [found];
  return all.filter((one): one is XmlNode => typeof one === 'object' && !Array.isArray(one));
}

function attribute(node: XmlNode, key: string): string | undefined {
  const value = node[key];
  return typeof value === 'string' ? value : undefined;
}

function elementText(value: XmlValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return decodeText(value);
  if (Array.isArray(value)) return elementText((value as readonly XmlValue[]).at(-1));
  const node = value as XmlNode;
  if (attribute(node, '@nil') === 'true') return undefined;
  return elementText(node['#text']) ?? '';
}

function plain(value: XmlValue): unknown {
  if (typeof value === 'string') return decodeText(value);
  if (Array.isArray(value)) return (value as readonly XmlValue[]).map(plain);
  return Object.fromEntries(
    Object.entries(value as XmlNode)
      .filter(([name, child]) => name !== '#text' || (typeof child === 'string' && child.trim() !== ''))
      .map(([name, child]) => [name.replace(/^@/, ''), plain(child)]),
  );
}

const guid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const guidBeforeMore = /([\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12})(?=$|[/?#\s])/i;

/**
 * The GUID in a URN (`urn:veeam:Job:<guid>`) or an Href (`…/backupSessions/<guid>?format=Entity`), in lower case. What
 * stands before it differs between versions and is not looked at.
 */
export function guidIn(text: string | undefined): string | null {
  if (text === undefined) return null;
  // Nearly always it is the end; looking there first saves looking everywhere.
  const end = text.slice(-36);
  return (guid.test(end) ? end : guidBeforeMore.exec(text)?.[1])?.toLowerCase() ?? null;
}
