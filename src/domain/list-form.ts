/** How EM writes a list of sessions: whole entities, or references that carry neither state nor result. */
export type ListForm = 'entity' | 'reference';
