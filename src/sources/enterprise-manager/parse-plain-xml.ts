import type { XmlNode, XmlValue } from './xml-node.ts';

type OpenElement = {
  readonly name: string;
  readonly node: Record<string, XmlValue>;
  readonly attributes: number;
  text: string;
  hasChildren: boolean;
};

const startTag = /<([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)((?:\s[^<>]*?)?)(\/?)>/y;
const endTag = /<\/([A-Za-z_][\w.:-]*)\s*>/y;
const attribute = /\s+([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)\s*=\s*(?:"([^"]*)"|'([^']*)')/y;
const space = /^\s*$/;
const brokenReference = /&(?!(?:\w+|#\d+|#x[\da-f]+);)/i;

/**
 * Reads an element written the way EM writes: tags, attributes and text, nothing else. Several times as fast as the general
 * parser, and as strict: whatever is not plainly well-formed, or merely unusual (comments, CDATA, ">" in a value, names
 * beyond ASCII), gives undefined and is left to the general parser. A property test holds the two against each other.
 */
export function parsePlainXml(text: string): XmlNode | undefined {
  if (brokenReference.test(text) || text.includes(']]>')) return undefined;
  const document: OpenElement = { name: '', node: {}, attributes: 0, text: '', hasChildren: false };
  const open: OpenElement[] = [document];
  let current = document;
  for (let at = 0; at < text.length;) {
    if (text.charCodeAt(at) !== 0x3c) {
      const next = text.indexOf('<', at);
      const end = next === -1 ? text.length : next;
      current.text += text.slice(at, end);
      at = end;
    } else if (text.charCodeAt(at + 1) === 0x2f) {
      endTag.lastIndex = at;
      if (endTag.exec(text)?.[1] !== current.name || open.length === 1) return undefined;
      at = endTag.lastIndex;
      open.pop();
      const parent = open.at(-1) ?? document;
      if (!attach(parent, current.name, close(current))) return undefined;
      current = parent;
    } else {
      startTag.lastIndex = at;
      const tag = startTag.exec(text);
      if (tag === null || (open.length === 1 && current.hasChildren) || open.length > maxDepth)
        return undefined;
      at = startTag.lastIndex;
      const [, name = '', attributes = '', slash] = tag;
      const node: Record<string, XmlValue> = {};
      const count = readAttributes(attributes, node);
      if (count === undefined) return undefined;
      const element: OpenElement = { name, node, attributes: count, text: '', hasChildren: false };
      if (slash === '/') {
        if (!attach(current, name, close(element))) return undefined;
      } else {
        open.push(element);
        current = element;
      }
    }
  }
  return open.length === 1 && document.hasChildren && space.test(document.text) ? document.node : undefined;
}

/** No document of EM's is deeper than six; what is made to be deep must not exhaust the stack of those who read it. */
const maxDepth = 50;

/** Reads attributes and returns how many; undefined when they are not plainly well-formed. */
function readAttributes(text: string, into: Record<string, XmlValue>): number | undefined {
  let at = 0;
  let count = 0;
  while (at < text.length) {
    attribute.lastIndex = at;
    const found = attribute.exec(text);
    if (found === null) return space.test(text.slice(at)) ? count : undefined;
    at = attribute.lastIndex;
    const [, name = '', double, single] = found;
    // Declarations of namespaces say nothing here: names are compared without their prefix.
    if (name.startsWith('xmlns')) continue;
    const key = `@${local(name)}`;
    if (key in into) return undefined;
    into[key] = double ?? single ?? '';
    count += 1;
  }
  return count;
}

function attach(parent: OpenElement, name: string, value: XmlValue): boolean {
  const key = local(name);
  if (key === '__proto__') return false;
  parent.hasChildren = true;
  const present = parent.node[key];
  if (present === undefined) parent.node[key] = value;
  else if (Array.isArray(present)) (present as XmlValue[]).push(value);
  else parent.node[key] = [present, value];
  return true;
}

function close({ node, attributes, text, hasChildren }: OpenElement): XmlValue {
  const hasText = hasChildren ? !space.test(text) : text !== '';
  if (attributes === 0 && !hasChildren) return text;
  if (hasText) node['#text'] = text;
  return node;
}

const local = (name: string) => name.slice(name.indexOf(':') + 1);
