/** Patterns of `ilike` for texts that contain this one, or end in it. */
export const contains = (text: string): string => `${endsIn(text)}%`;
export const endsIn = (text: string): string => `%${text.replaceAll(/[\\%_]/g, '\\$&')}`;
