import { toSearch, type Query } from '../api/ask.ts';

/** Names and ids travel in the query: a name may be `..`, and hold slashes. */
export const links = {
  overview: (query: Query = {}) => `/${toSearch(query)}`,
  computers: (query: Query = {}) => `/computers${toSearch(query)}`,
  computer: (source: string, name: string) => `/computer${toSearch({ source, name })}`,
  jobs: (query: Query = {}) => `/jobs${toSearch(query)}`,
  job: (source: string, id: string) => `/job${toSearch({ source, id })}`,
  sessions: (query: Query = {}) => `/sessions${toSearch(query)}`,
  session: (source: string, id: string) => `/session${toSearch({ source, id })}`,
  holes: (query: Query = {}) => `/holes${toSearch(query)}`,
  completeness: () => '/completeness',
  sync: (query: Query = {}) => `/sync${toSearch(query)}`,
} as const;
