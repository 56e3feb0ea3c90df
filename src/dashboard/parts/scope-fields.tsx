import { useLabelValues } from '../api/use-label-values.ts';
import { OtherFilters, SourceField } from './filter-bar.tsx';
import type { Filters } from './use-filters.ts';

/** Enterprise Manager, customer and site: each only where there is more than one to choose. */
export function ScopeFields({ filters }: { readonly filters: Filters }) {
  return (
    <>
      <SourceField filters={filters} />
      <LabelField filters={filters} name="customer" label="Customer" />
      <LabelField filters={filters} name="site" label="Site" />
    </>
  );
}

/** Chooses one more value each time; those that are chosen stand beside it, each to be taken away. */
function LabelField(props: {
  readonly filters: Filters;
  readonly name: 'customer' | 'site';
  readonly label: string;
}) {
  const { filters, name } = props;
  const known = useLabelValues(name);
  const chosen = filters.values[name] ?? [];
  const left = known.filter((value) => !chosen.includes(value));
  if (known.length === 0 && chosen.length === 0) return null;
  return (
    <>
      <label class="field">
        <span>{props.label}</span>
        <select
          value=""
          disabled={left.length === 0}
          onChange={(event) => {
            const { value } = event.currentTarget;
            // Shows what can be added, whatever was chosen last.
            event.currentTarget.value = '';
            if (value !== '') filters.set({ [name]: [...chosen, value] });
          }}
        >
          <option value="">{chosen.length === 0 ? 'all' : 'or also…'}</option>
          {left.map((value) => (
            <option key={value} value={value}>
              {value}
            </option>
          ))}
        </select>
      </label>
      <OtherFilters filters={filters} names={[name]} />
    </>
  );
}
