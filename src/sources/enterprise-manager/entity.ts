import { ownCopy } from '../../domain/own-copy.ts';
import { maxText } from './bounds.ts';
import { cutText, decodeText } from './decode-text.ts';
import type { XmlElement } from './parse-xml.ts';

/** One element of EM's with its attributes, child elements and links. Values are decoded text. */
export type Entity = {
  readonly name: string;
  /** Exact text of an attribute (`@Name`) or a child element (`Name`); undefined when absent or nil, '' when empty. */
  text(key: string): string | undefined;
  /** The first link of a kind: where it leads and what it calls its target. Order means nothing, links are found by kind. */
  link(rel: string, type: string): { readonly href: string; readonly name: string } | undefined;
  /** All that is not among the names given, as plain JSON data; null when there is nothing. */
  rest(known: ReadonlySet<string>): Record<string, unknown> | null;
  /** Whether what was read so far had characters that could not be told. */
  wasReplaced(): boolean;
};

// The vendor's documentation prints every attribute with a space on each side of its value, and so may who copies it.
const paddedId = /^ \S.* $/;
const layout = /[\t\n]/;

export function readEntity(element: XmlElement): Entity {
  let isReplaced = false;
  const decode = (text: string) =>
    decodeText(text, () => {
      isReplaced = true;
    });
  const isPadded = paddedId.test(attribute(element, 'UID') ?? attribute(element, 'Href') ?? '');

  function attributeText(value: string): string {
    const unpadded = isPadded ? value.replace(/^ /, '').replace(/ $/, '') : value;
    return decode(layout.test(unpadded) ? unpadded.replace(/[\t\n]/g, ' ') : unpadded);
  }

  function plain(of: XmlElement): unknown {
    if (of.attributes.length === 0 && of.children.length === 0) return cutText(decode(of.text), maxText);
    const data: Record<string, unknown> = {};
    for (let index = 0; index < of.attributes.length; index += 2)
      add(data, of.attributes[index] ?? '', cutText(attributeText(of.attributes[index + 1] ?? ''), maxText));
    for (const child of of.children) add(data, child.name, plain(child));
    if (of.text.trim() !== '') add(data, '#text', cutText(decode(of.text), maxText));
    return data;
  }

  return {
    name: element.name,
    text: (key) => {
      if (key.startsWith('@')) {
        const value = attribute(element, key.slice(1));
        return value === undefined ? undefined : attributeText(value);
      }
      const child = childNamed(element, key);
      return child === undefined || attribute(child, 'nil') === 'true' ? undefined : decode(child.text);
    },
    link: (rel, type) => {
      for (const link of childNamed(element, 'Links')?.children ?? []) {
        // Words of the vendor's, never escaped; their padding, if any, is all there is to take off.
        if (attribute(link, 'Type')?.trim() !== type || attribute(link, 'Rel')?.trim() !== rel) continue;
        return {
          href: attributeText(attribute(link, 'Href') ?? ''),
          name: attributeText(attribute(link, 'Name') ?? ''),
        };
      }
      return undefined;
    },
    rest: (known) => {
      let rest: Record<string, unknown> | null = null;
      for (let index = 0; index < element.attributes.length; index += 2) {
        const name = element.attributes[index] ?? '';
        if (known.has(name)) continue;
        add((rest ??= {}), name, cutText(attributeText(element.attributes[index + 1] ?? ''), maxText));
      }
      for (const child of element.children)
        if (!known.has(child.name)) add((rest ??= {}), child.name, plain(child));
      return rest;
    },
    wasReplaced: () => isReplaced,
  };
}

/** Several of one name become an array. Names like `__proto__` are names like any other. */
function add(data: Record<string, unknown>, name: string, value: unknown): void {
  if (!Object.hasOwn(data, name)) {
    if (name === '__proto__')
      Object.defineProperty(data, name, { value, enumerable: true, configurable: true, writable: true });
    else data[name] = value;
    return;
  }
  const present = data[name];
  if (Array.isArray(present)) present.push(value);
  else data[name] = [present, value];
}

function childNamed(element: XmlElement, name: string): XmlElement | undefined {
  // The last of several: as a reader who overwrites would have it.
  for (let index = element.children.length - 1; index >= 0; index -= 1)
    if (element.children[index]?.name === name) return element.children[index];
  return undefined;
}

function attribute(element: XmlElement, name: string): string | undefined {
  const { attributes } = element;
  for (let index = 0; index < attributes.length; index += 2)
    if (attributes[index] === name) return attributes[index + 1];
  return undefined;
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
  const found = guid.test(end) ? end : guidBeforeMore.exec(text)?.[1];
  // Ids outlive the record they are cut from.
  return found === undefined ? null : ownCopy(found.toLowerCase());
}
