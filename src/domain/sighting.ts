/**
 * How a session came to be seen:
 * - `listed`: EM's list shows it
 * - `duplicate`: the list showed it before, with other content; a finished version is not overwritten by an unfinished one
 * - `asked`: read by id or through a query, not (or no longer) in the list
 */
export type Sighting = 'listed' | 'duplicate' | 'asked';
