/** Edits of a body that spoil single records, for faults of the kind `edit`. Sessions are named by their ids. */

type Edit = (text: string) => string;

const recordElements = [
  'BackupJobSession',
  'Ref',
  'BackupTaskSession',
  'AgentBackupJob',
  'DiscoveredComputer',
];
const record = new RegExp(`<(${recordElements.join('|')})\\b[^>]*>.*?</\\1>`, 'gs');

const isOf = (id: string) => (text: string) =>
  new RegExp(`\\bUID="[^"]*${id}"|<JobSessionUid>[^<]*${id}<`, 'i').test(text);

/** Edits the records of these ids (tasks: of these sessions), or all of them. */
export function editRecords(ids: readonly string[] | 'all', edit: Edit): Edit {
  return (body) =>
    body.replace(record, (text) => (ids === 'all' || ids.some((id) => isOf(id)(text)) ? edit(text) : text));
}

/** Puts another text, as it is, into an element; adds the element where it is missing. */
export function setElement(name: string, text: string): Edit {
  return (one) =>
    one.includes(`<${name}`)
      ? one.replace(new RegExp(`<${name}(?: ?/>|>[^<]*</${name}>)`), () => `<${name}>${text}</${name}>`)
      : one.replace(/<\/\w+>$/, (end) => `<${name}>${text}</${name}>${end}`);
}

export const dropElement =
  (name: string): Edit =>
  (one) =>
    one.replace(new RegExp(`<${name}(?: ?/>|>[^<]*</${name}>)`), '');

/** Every record once more, edited, before or after it. */
export const repeat =
  (edit: Edit, where: 'before' | 'after'): Edit =>
  (one) =>
    where === 'before' ? edit(one) + one : one + edit(one);

/** All records under another element name; `''` for records of it alone, not of the root. */
export const renameElement =
  (from: string, to: string): Edit =>
  (body) =>
    body.replaceAll(new RegExp(`<(/?)${from}(?=[ >])`, 'g'), (_, slash: string) => `<${slash}${to}`);

/** The default namespace under a prefix, in the whole document. */
export const prefixElements =
  (prefix: string): Edit =>
  (body) =>
    body.replaceAll(/<(\/?)(?=[A-Za-z])/g, `<$1${prefix}:`).replaceAll(' xmlns="', ` xmlns:${prefix}="`);

/** Records that are no XML; their ids can be read, those after them stand as they should. */
export const illFormed = {
  rawAmpersand: setElement('JobName', 'Research & Development'),
  rawLessThan: setElement('JobName', 'smaller < larger'),
  cdataEnd: setElement('JobName', 'odd ]]> text'),
  mismatchedTag: (one: string) => one.replace('</JobName>', '</JobNmae>'),
} as const satisfies Record<string, Edit>;
