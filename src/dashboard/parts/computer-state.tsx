import type { Computer } from '../api/rows.ts';
import { formatUtc } from '../format/time.ts';
import { ChoiceField } from './filter-bar.tsx';
import type { Filters } from './use-filters.ts';

type Standing = Pick<Computer, 'isOverdue' | 'missedLastExpected' | 'isMuted' | 'expectedBy'>;

/** How a computer's backups stand beyond its last outcome, the gravest that holds; undefined: as they should. */
export const stateOf = ({ isOverdue, missedLastExpected }: Standing): 'overdue' | 'missed' | undefined =>
  isOverdue ? 'overdue' : missedLastExpected ? 'missed' : undefined;

/** Overdue, missed and muted; what is muted is told, and not cried out. */
export function ComputerState({ computer }: { readonly computer: Standing }) {
  const state = stateOf(computer);
  const title = computer.expectedBy === null ? undefined : `expected by ${formatUtc(computer.expectedBy)}`;
  return (
    <>
      {state !== undefined && (
        <span
          class={`tone ${computer.isMuted ? 'plain' : state === 'overdue' ? 'bad' : 'fair'}`}
          title={title}
        >
          {state}
        </span>
      )}
      {computer.isMuted && (
        <span class="tone plain" title="A label muted_until lies ahead.">
          muted
        </span>
      )}
    </>
  );
}

export const stateNames = ['isOverdue', 'missedLastExpected', 'isMuted'];

const states: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  missed: { missedLastExpected: 'true' },
  overdue: { isOverdue: 'true' },
  well: { isOverdue: 'false', missedLastExpected: 'false' },
  muted: { isMuted: 'true' },
};
const nothing = { isOverdue: undefined, missedLastExpected: undefined, isMuted: undefined };

/** Chooses computers by how they stand; the address says it in the API's own words. */
export function StateField({ filters }: { readonly filters: Filters }) {
  const given = stateNames.filter((name) => filters.first(name) !== '');
  const chosen = Object.entries(states).find(
    ([, filter]) =>
      Object.entries(filter).every(([name, value]) => filters.first(name) === value) &&
      // Beside any of them the muted ones may be left out.
      given.every((name) => name in filter || name === 'isMuted'),
  )?.[0];
  return (
    <ChoiceField
      filters={{
        ...filters,
        values: chosen === undefined ? {} : { state: [chosen] },
        set: ({ state }) => filters.set({ ...nothing, ...states[String(state)] }),
      }}
      name="state"
      label="State"
      all="any"
      choices={[
        ['missed', 'missed the last backup'],
        ['overdue', 'overdue'],
        ['well', 'neither'],
        ['muted', 'muted'],
      ]}
    />
  );
}

/** Those of the names that the field of states does not show, for chips. */
export function otherStateNames(filters: Filters): readonly string[] {
  return filters.first('isMuted') === 'false' ? ['isMuted'] : [];
}
