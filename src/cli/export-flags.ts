import { sessions } from '../query/resources/sessions.ts';

/** Flags of the filters: `createdFrom` of the API is `--created-from` here. */
export const exportFlags = sessions.filters.map(({ name, operator, description, example }) => ({
  flag: `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  name,
  isRepeatable: operator === 'equal',
  description,
  example,
}));
