import { decodeText, type XmlNode, type XmlValue } from './parse-xml.ts';

/** Something in the answer that makes one record unreadable, said so that a person can find it. */
export class Unreadable extends Error {}

/** A link of an entity or a reference. */
export type EntityLink = {
  readonly rel: string;
  readonly type: string;
  readonly href: string;
  readonly name: string;
};

/** One element of EM's with its attributes, child elements and links. Values are decoded text. */
export type Entity = {
  /** Exact text of an attribute or a child element; undefined when absent or nil, '' when empty. */
  text(name: string): string | undefined;
  readonly links: readonly EntityLink[];
  /** All that is not among the names given, as plain JSON; null when there is nothing. */
  rest(known: ReadonlySet<string>): Readonly<Record<string, unknown>> | null;
};

// The vendor's documentation prints every attribute with a space on each side of its value, and so may who copies it.
const paddedId = /^ \S.* $/;

export function readEntity(node: XmlNode): Entity {
  const uid = attribute(node, 'UID') ?? attribute(node, 'Href') ?? '';
  const unpad = paddedId.test(uid)
    ? (value: string) => value.replace(/^ /, '').replace(/ $/, '')
    : (value: string) => value;
  const attributeText = (of: XmlNode, name: string) => {
    const value = attribute(of, name);
    return value === undefined ? undefined : decodeText(unpad(value.replace(/[\t\n]/g, ' ')));
  };

  return {
    text: (name) => attributeText(node, name) ?? elementText(node[name]),
    links: children(node['Links'], 'Link').map((link) => ({
      rel: attributeText(link, 'Rel') ?? '',
      type: attributeText(link, 'Type') ?? '',
      href: attributeText(link, 'Href') ?? '',
      name: attributeText(link, 'Name') ?? '',
    })),
    rest: (known) => {
      const entries = Object.entries(node)
        .filter(
          ([name]) => !known.has(name.replace(/^@/, '')) && name !== '#text' && !name.startsWith('@xmlns'),
        )
        .map(([name, value]): [string, unknown] => [
          name.replace(/^@/, ''),
          name.startsWith('@') ? attributeText(node, name.slice(1)) : plain(value),
        ]);
      return entries.length === 0 ? null : Object.fromEntries(entries);
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

function attribute(node: XmlNode, name: string): string | undefined {
  const value = node[`@${name}`];
  return typeof value === 'string' ? value : undefined;
}

function elementText(value: XmlValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return decodeText(value);
  if (Array.isArray(value)) return elementText((value as readonly XmlValue[]).at(-1));
  const node = value as XmlNode;
  if (attribute(node, 'nil') === 'true') return undefined;
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

const guidAtEnd = /([\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12})(?=$|[/?#\s])/i;

/**
 * The GUID in a URN (`urn:veeam:Job:<guid>`) or an Href (`…/backupSessions/<guid>?format=Entity`), in lower case. What
 * stands before it differs between versions and is not looked at.
 */
export function guidIn(text: string | undefined): string | null {
  return (text === undefined ? null : guidAtEnd.exec(text)?.[1]?.toLowerCase()) ?? null;
}
