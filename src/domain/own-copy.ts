/** A short text in memory of its own: as a part of a longer one it would keep all of that, the ids of a list the whole list. ASCII only. */
export const ownCopy = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');
