import { useQueryClient } from '@tanstack/preact-query';
import { useState } from 'preact/hooks';
import { key } from '../api/key.ts';
import { PageTitle } from '../parts/page-title.tsx';

/** Asks for the key. */
export function KeyPage() {
  const client = useQueryClient();
  const [wasRefused, setRefused] = useState(key.read() !== null);
  const [value, setValue] = useState('');
  return (
    <>
      <PageTitle title="A key is needed" />
      <form
        class="panel key"
        onSubmit={(event) => {
          event.preventDefault();
          if (value.trim() === '') return;
          key.keep(value.trim());
          setRefused(false);
          void client.resetQueries().then(() => setRefused(true));
        }}
      >
        {wasRefused && (
          <p class="trouble" role="alert">
            That key is not good, or no longer.
          </p>
        )}
        <label class="field">
          <span>API key</span>
          <input
            type="password"
            name="key"
            autocomplete="current-password"
            required
            value={value}
            onInput={(event) => setValue(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Show the history</button>
        <p class="dim">
          Whoever runs the service makes one: <code>npx session-history keys create --name me</code>. It stays
          in this tab, and is gone when the tab is closed.
        </p>
      </form>
    </>
  );
}
