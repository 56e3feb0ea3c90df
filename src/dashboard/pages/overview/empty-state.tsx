import type { Access, Source } from '../../api/rows.ts';
import { describeLimits } from '../../parts/key-limits.tsx';
import { PageTitle } from '../../parts/page-title.tsx';
import { SyncNow } from '../../parts/sync-now.tsx';

/** There is nothing to show yet: what to do about it. */
export function EmptyState(props: { readonly sources: readonly Source[]; readonly access: Access }) {
  const { sources, access } = props;
  const limits = describeLimits(access);
  return (
    <>
      <PageTitle title="Overview" />
      <section class="panel empty-state">
        {limits !== undefined ? (
          <>
            <h2>This key shows nothing yet</h2>
            <p>
              It is for what is {limits}, and no session is. Whoever made it sees in{' '}
              <code>session-history labels list</code> and <code>keys list</code> why.
            </p>
          </>
        ) : sources.length === 0 ? (
          <>
            <h2>No sync has run yet</h2>
            <p>Name your Enterprise Manager to the service, and its sessions appear here a minute later:</p>
            <pre tabIndex={0}>
              {'export EM_URL=https://em.example.com:9398 EM_USERNAME=reader@example.com EM_PASSWORD=…\n' +
                'npx session-history check    # address, certificate, logon and rights\n' +
                'npx session-history serve    # reads every 15 minutes, and serves this page'}
            </pre>
            <p class="dim">
              Just looking? <code>npm run demo</code> shows everything on a simulated Enterprise Manager.
            </p>
          </>
        ) : (
          <>
            <h2>
              {sources.some(({ lastRunAt }) => lastRunAt !== null)
                ? 'No session is stored yet'
                : 'No sync has run yet'}
            </h2>
            <ul class="plain">
              {sources.map(({ source, lastStatus }) => (
                <li key={source}>
                  <b>{source}</b>:{' '}
                  {lastStatus === null ? 'waits for its first sync' : `last sync ${lastStatus}`}.{' '}
                  <SyncNow source={source} />
                </li>
              ))}
            </ul>
            <p>
              <a href="/sync">All runs, with their errors</a>. On the server,{' '}
              <code>npx session-history check</code> says what to mend.
            </p>
          </>
        )}
      </section>
    </>
  );
}
