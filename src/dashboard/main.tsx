import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/preact-query';
import { render } from 'preact';
import { LocationProvider } from 'preact-iso';
import { ApiProblem } from './api/ask.ts';
import { App } from './app.tsx';

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // A key that was revoked, or is needed since a moment ago: ask for one.
    onError: (error, query) => {
      if (error instanceof ApiProblem && error.status === 401 && query.queryKey[0] !== 'access')
        void client.invalidateQueries({ queryKey: ['access'] });
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What was wrong with a question stays wrong; a service that is down is asked again at the next interval.
      retry: (failures, error) => failures < 2 && error instanceof ApiProblem && error.status >= 500,
      networkMode: 'always',
      refetchOnWindowFocus: true,
    },
    mutations: { networkMode: 'always' },
  },
});

const root = document.getElementById('app');
if (root !== null) {
  render(
    <QueryClientProvider client={client}>
      <LocationProvider>
        <App />
      </LocationProvider>
    </QueryClientProvider>,
    root,
  );
}
