/** Elements without children, the attributes of tags, and links: what of a broken record can still be told. */
const leaf = /<([A-Za-z][\w.:-]{0,100})>([^<>]{0,65536})<\/\1\s*>/g;
const link = /<(?:\w{1,20}:)?Link\b([^<>]{0,8192})\/?>/g;
const attribute = /([A-Za-z][\w.:-]{0,100})\s{0,9}=\s{0,9}("[^"<]{0,65536}"|'[^'<]{0,65536}')/g;

/**
 * A well-formed record made of what can be told of one that is not: the attributes of its start tag, its links, and every
 * element that holds text only. Raw ampersands are taken as they stand.
 */
export function salvage(text: string, name: string): string {
  const start = /^\s*<[^\s<>]{1,200}\s([^<>]{0,65536})/.exec(text)?.[1] ?? '';
  const links = Array.from(
    text.matchAll(link),
    ([, attributes = '']) => `<Link ${attributesIn(attributes)}/>`,
  );
  const beforeLinks = text.search(/<(?:\w{1,20}:)?Links\b/);
  const own =
    beforeLinks === -1 ? text : text.slice(0, beforeLinks) + text.slice(endOfLinks(text, beforeLinks));
  const leaves = Array.from(
    own.matchAll(leaf),
    ([, tag = '', value = '']) => `<${tag}>${escape(value)}</${tag}>`,
  );
  return `<${name} ${attributesIn(start)}>${links.length === 0 ? '' : `<Links>${links.join('')}</Links>`}${leaves.join('')}</${name}>`;
}

function endOfLinks(text: string, from: number): number {
  const end = /<\/(?:\w{1,20}:)?Links\s*>/g;
  end.lastIndex = from;
  return end.exec(text) === null ? from : end.lastIndex;
}

/** The first of each name: a second one would make the tag ill-formed again. */
function attributesIn(text: string): string {
  const found = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(attribute)) {
    if (!found.has(name) && !name.startsWith('xmlns')) found.set(name, value);
  }
  return Array.from(found, ([name, value]) => `${name}=${escape(value)}`).join(' ');
}

/** Ampersands that begin no reference. */
const escape = (text: string) =>
  text.replace(/&(?!(?:\w{1,20}|#\d{1,9}|#x[\da-f]{1,8});)/gi, '&amp;').replaceAll(']]>', ']]&gt;');
