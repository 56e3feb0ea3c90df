import { XMLParser } from 'fast-xml-parser';
import { inflateRawSync } from 'node:zlib';

/** Reads the parts of a ZIP by its directory, as PKWARE describes it: shares nothing with what wrote it. */
export function readZip(file: Buffer): ReadonlyMap<string, Buffer> {
  const end = file.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const entries = file.readUInt16LE(end + 10);
  const parts = new Map<string, Buffer>();
  for (let index = 0, at = file.readUInt32LE(end + 16); index < entries; index += 1) {
    if (file.readUInt32LE(at) !== 0x02014b50) throw new Error(`no entry at ${at}`);
    const [method, packed, size] = [
      file.readUInt16LE(at + 10),
      file.readUInt32LE(at + 20),
      file.readUInt32LE(at + 24),
    ];
    const nameLength = file.readUInt16LE(at + 28);
    const name = file.toString('utf8', at + 46, at + 46 + nameLength);
    const local = file.readUInt32LE(at + 42);
    const begin = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const bytes = file.subarray(begin, begin + packed);
    const content = method === 0 ? bytes : inflateRawSync(bytes);
    if (content.length !== size) throw new Error(`${name} has ${content.length} bytes, not ${size}`);
    parts.set(name, content);
    at += 46 + nameLength + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32);
  }
  return parts;
}

export type Cell = {
  readonly kind: 'empty' | 'number' | 'text' | 'boolean';
  readonly style: number;
  readonly text: string;
};
export type ReadSheet = {
  readonly name: string;
  readonly rows: readonly (readonly Cell[])[];
  readonly xml: string;
};

type Attributes = Readonly<Record<string, string>>;
type Node = Readonly<Record<string, unknown>> & { readonly ':@'?: Attributes };

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: { maxTotalExpansions: 1e9, maxExpandedLength: 1e9 },
});

/** The sheets of a workbook in the order of its tabs, with each cell as it is written. */
export function readWorkbook(file: Buffer): readonly ReadSheet[] {
  const parts = readZip(file);
  const text = (name: string) => {
    const bytes = parts.get(name);
    if (bytes === undefined) throw new Error(`no part ${name}`);
    return bytes.toString('utf8');
  };
  const targets = new Map(
    [...text('xl/_rels/workbook.xml.rels').matchAll(/Id="(\w+)" Type="[^"]+" Target="([^"]+)"/g)].map(
      ([, id = '', target = '']) => [id, `xl/${target}`],
    ),
  );
  return [...text('xl/workbook.xml').matchAll(/<sheet name="([^"]*)" sheetId="\d+" r:id="(\w+)"/g)].map(
    ([, name = '', id = '']) => {
      const xml = text(targets.get(id) ?? '');
      const worksheet = child(parser.parse(xml) as Node[], 'worksheet');
      const rows = child(worksheet, 'sheetData').map((row) =>
        (row['row'] as Node[]).filter((one) => 'c' in one).map(readCell),
      );
      return { name, rows, xml };
    },
  );
}

function child(nodes: readonly Node[], name: string): Node[] {
  const found = nodes.find((node) => name in node);
  if (found === undefined) throw new Error(`no element ${name}`);
  return found[name] as Node[];
}

function readCell(node: Node): Cell {
  const { t: type = 'n', s: style = '0' } = node[':@'] ?? {};
  const children = node['c'] as Node[];
  if (children.length === 0) return { kind: 'empty', style: Number(style), text: '' };
  const holder = type === 'inlineStr' ? child(child(children, 'is'), 't') : child(children, 'v');
  const text = holder.map((part) => String(part['#text'])).join('');
  const kinds: Readonly<Record<string, Cell['kind']>> = { n: 'number', inlineStr: 'text', b: 'boolean' };
  return {
    kind: kinds[type] ?? 'empty',
    style: Number(style),
    text: text.replaceAll(/_x([0-9A-F]{4})_/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    ),
  };
}
