// SPDX-License-Identifier: Apache-2.0
import { Bullseye, Spinner } from '@patternfly/react-core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { Suspense } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router-dom';
import { ApiError } from '@/api/client';
import { pages } from '@/pages';
import { Gate } from '@/shell/Gate';
import { Shell } from '@/shell/Shell';
import { t } from '@/strings';
import { NotFoundPage } from '@/widgets/NotFound';
import { Toasts } from '@/widgets/Toasts';
import { Uploads } from '@/widgets/Uploads';
const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The event stream keeps the caches true, so nothing is fetched again for its age alone.
      staleTime: 60_000,
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

const all = pages.flatMap((page) => page.routes);
const redirects = all.flatMap((route) => ('to' in route ? [route] : []));
const routes = all.flatMap((route) => ('Page' in route ? [route] : []));

/** Everything that has the masthead and the sidebar around it. */
function Pages() {
  return (
    <Shell>
      <Routes>
        {routes
          .filter(({ bare, open }) => !bare && !open)
          .map(({ path, Page }) => (
            <Route key={path} path={path} element={<Page />} />
          ))}
        {redirects.map(({ path, to }) => (
          <Route key={path} path={path} element={<Navigate to={to} replace />} />
        ))}
        <Route path="*" element={<NotFoundPage />} />
      </Routes>
    </Shell>
  );
}

const waiting = (
  <Bullseye>
    <Spinner aria-label={t.app.loading} />
  </Bullseye>
);

/** Routes of pages that have neither masthead nor sidebar around them. */
const withoutShell = (which: typeof routes) =>
  which.map(({ path, Page }) => (
    <Route
      key={path}
      path={path}
      element={
        <Suspense fallback={waiting}>
          <Page />
        </Suspense>
      }
    />
  ));

/** Everything that only who has signed in sees. */
function SignedIn() {
  return (
    <Toasts>
      <Gate>
        <Uploads>
          <Routes>
            {withoutShell(routes.filter(({ bare }) => bare))}
            <Route path="*" element={<Pages />} />
          </Routes>
        </Uploads>
      </Gate>
    </Toasts>
  );
}

export function App() {
  return (
    <QueryClientProvider client={client}>
      <BrowserRouter>
        <Routes>
          {withoutShell(routes.filter(({ open }) => open))}
          <Route path="*" element={<SignedIn />} />
        </Routes>
      </BrowserRouter>
    </QueryClientProvider>
  );
}
