import { parseTimestamp } from './timestamp.ts';

/** A label as people write it: on the innermost thing that is named. Empty: does not apply. */
export type Label = {
  readonly source: string;
  readonly server: string;
  readonly job: string;
  readonly computer: string;
  readonly name: string;
  readonly value: string;
};

/** A label on its way: without a value it is taken away, without a name all labels of the thing are. */
export type LabelChange = Omit<Label, 'value' | 'name'> & {
  readonly name: string | null;
  readonly value: string | null;
};
/** What is wrong with one of them: its place in the list, and words. */
export type LabelProblem = { readonly index: number; readonly message: string };

export const labelPlaces = ['source', 'server', 'job', 'computer'] as const;
export type LabelPlace = (typeof labelPlaces)[number];

/** The innermost thing that a label names: what it is on. */
export function placeOf(label: Pick<Label, LabelPlace>): LabelPlace {
  if (label.computer !== '') return 'computer';
  if (label.job !== '') return 'job';
  return label.server === '' ? 'source' : 'server';
}

export const labelName = /^[a-z][a-z0-9_]{0,62}$/;
/** Characters: an index entry has room for a name of that length. */
export const longestComputer = 500;
export const longestValue = 1_000;
const tenYearsInHours = 87_600;

/** What is wrong with a label, to go on after its name; undefined: nothing. */
export function findLabelFault({ name, value, ...place }: Label): string | undefined {
  if (!labelName.test(name))
    return 'is no name of a label: small letters, digits and _, beginning with a letter';
  if (labelPlaces.some((what) => place[what].includes('\0'))) return 'names something with a NUL character';
  if (place.computer.length > longestComputer)
    return `is on a computer with more than ${longestComputer} characters`;
  // eslint-disable-next-line no-control-regex -- what no label may hold
  if (/[\x00-\x1f\x7f-\x9f]/.test(value)) return 'holds a control character';
  if (value.trim() === '') return 'has no value';
  if (value.length > longestValue) return `is longer than ${longestValue} characters`;
  switch (name) {
    case 'max_age_hours':
      return /^\d{1,6}(\.\d{1,6})?$/.test(value) && Number(value) > 0 && Number(value) <= tenYearsInHours
        ? undefined
        : `is no number of hours from above 0 to ${tenYearsInHours}, such as 26`;
    case 'muted_until':
      return parseMoment(value) === undefined
        ? 'is no day or time such as 2026-12-24 or 2026-12-24T08:00:00Z'
        : undefined;
    case 'time_zone':
      return isTimeZone(value) ? undefined : 'is no time zone such as Europe/Berlin';
    default:
      return undefined;
  }
}

/** The value as it is stored: moments in UTC with six digits after the second, everything else as it was written. */
export function normalizeLabel(label: Label): Label {
  const value = label.value.trim();
  return { ...label, value: label.name === 'muted_until' ? (parseMoment(value) ?? value) : value };
}

function parseMoment(text: string): string | undefined {
  return parseTimestamp(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
}

function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
