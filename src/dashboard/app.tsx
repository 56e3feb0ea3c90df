import { lazy, Route, Router } from 'preact-iso';
import { ApiProblem } from './api/ask.ts';
import { useAccess } from './api/use-access.ts';
import { ComputerPage } from './pages/computer-page.tsx';
import { ComputersPage } from './pages/computers-page.tsx';
import { HolesPage } from './pages/holes-page.tsx';
import { JobPage } from './pages/job-page.tsx';
import { JobsPage } from './pages/jobs-page.tsx';
import { KeyPage } from './pages/key-page.tsx';
import { NotFoundPage } from './pages/not-found-page.tsx';
import { OverviewPage } from './pages/overview-page.tsx';
import { SessionPage } from './pages/session-page.tsx';
import { SessionsPage } from './pages/sessions-page.tsx';
import { SyncPage } from './pages/sync-page.tsx';
import { Shell } from './parts/shell.tsx';

/** Read by few, and once: it brings a page of the documentation with it. */
const CompletenessPage = lazy(() => import('./pages/completeness-page.tsx'));

/** The pages, once it is known that they may be seen. */
export function App() {
  const access = useAccess();
  const { error } = access;
  const isKeyWanted = error instanceof ApiProblem && error.status === 401;
  return (
    <Shell
      isKeyWanted={isKeyWanted}
      hasKey={access.data?.isKeyNeeded === true}
      problem={isKeyWanted ? null : error}
    >
      {isKeyWanted ? (
        <KeyPage />
      ) : (
        <Router>
          <Route path="/" component={OverviewPage} />
          <Route path="/computers" component={ComputersPage} />
          <Route path="/computer" component={ComputerPage} />
          <Route path="/jobs" component={JobsPage} />
          <Route path="/job" component={JobPage} />
          <Route path="/sessions" component={SessionsPage} />
          <Route path="/session" component={SessionPage} />
          <Route path="/sync" component={SyncPage} />
          <Route path="/holes" component={HolesPage} />
          <Route path="/completeness" component={CompletenessPage} />
          <Route default component={NotFoundPage} />
        </Router>
      )}
    </Shell>
  );
}
