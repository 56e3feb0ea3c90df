import { useEffect, useRef, useState } from 'preact/hooks';
import { useList } from '../api/use-list.ts';
import type { Filters } from './use-filters.ts';

/** Typing is waited out, so that not every letter is a question. */
const typingMs = 250;

export function SearchField({ filters, label }: { readonly filters: Filters; readonly label: string }) {
  const current = filters.first('search');
  const [text, setText] = useState(current);
  const typed = useRef(current);
  const { set } = filters;
  useEffect(() => {
    // The address was changed by something else: a link, or going back.
    if (current !== typed.current) {
      typed.current = current;
      setText(current);
    }
  }, [current]);
  useEffect(() => {
    if (text === typed.current) return;
    const timer = setTimeout(() => {
      typed.current = text;
      set({ search: text }, { replace: true });
    }, typingMs);
    return () => clearTimeout(timer);
  }, [text, set]);
  return (
    <label class="field search">
      <span>{label}</span>
      <input
        type="search"
        value={text}
        spellcheck={false}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </label>
  );
}

export function ChoiceField(props: {
  readonly filters: Filters;
  readonly name: string;
  readonly label: string;
  readonly all: string;
  readonly choices: readonly (readonly [value: string, label: string])[];
}) {
  const { filters, name, choices } = props;
  const current = filters.values[name] ?? [];
  const value = current.length > 1 ? current.join(' or ') : (current[0] ?? '');
  // What an address asks for and the list does not have (yet) is shown all the same.
  const known = choices.some(([one]) => one === value) || value === '';
  return (
    <label class="field">
      <span>{props.label}</span>
      <select value={value} onChange={(event) => filters.set({ [name]: event.currentTarget.value })}>
        <option value="">{props.all}</option>
        {!known && <option value={value}>{value}</option>}
        {choices.map(([one, label]) => (
          <option key={one} value={one}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Shown where there is more than one to choose from. */
export function SourceField({ filters }: { readonly filters: Filters }) {
  const { data } = useList('/api/v1/sources', { limit: 1_000 });
  const names = data?.data.map(({ source }) => source) ?? [];
  if (names.length < 2 && filters.first('source') === '') return null;
  return (
    <ChoiceField
      filters={filters}
      name="source"
      label="Enterprise Manager"
      all="all"
      choices={names.map((name) => [name, name])}
    />
  );
}

export const outcomeChoices = ['failed', 'warning', 'success', 'running', 'lost', 'unknown'].map(
  (outcome) => [outcome, outcome] as const,
);

/** A day or a time in UTC, as the API takes it. */
export function DayField(props: {
  readonly filters: Filters;
  readonly name: string;
  readonly label: string;
}) {
  const { filters, name } = props;
  return (
    <label class="field">
      <span>{props.label}</span>
      <input
        type="date"
        value={filters.first(name).slice(0, 10)}
        onChange={(event) => filters.set({ [name]: event.currentTarget.value })}
      />
    </label>
  );
}

/** What the address asks for beyond the fields of the page, each to be taken away. */
export function OtherFilters({
  filters,
  names,
}: {
  readonly filters: Filters;
  readonly names: readonly string[];
}) {
  const given = names.flatMap((name) => (filters.values[name] ?? []).map((value) => [name, value] as const));
  return (
    <>
      {given.map(([name, value]) => (
        <button
          key={`${name} ${value}`}
          type="button"
          class="chip"
          aria-label={`Take away the filter ${name} ${value}`}
          onClick={() => filters.set({ [name]: filters.values[name]?.filter((one) => one !== value) })}
        >
          {name}: <b>{value}</b> <span aria-hidden="true">✕</span>
        </button>
      ))}
    </>
  );
}
