// SPDX-License-Identifier: Apache-2.0
import { Bullseye, Spinner } from '@patternfly/react-core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { Suspense } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router-dom';
import { ApiError } from '@/api/client';
import { Gate } from '@/shell/Gate';
import { Shell } from '@/shell/Shell';
import { t } from '@/strings';
import { chunk } from '@/widgets/chunk';
import { Toasts } from '@/widgets/Toasts';
import { Uploads } from '@/widgets/Uploads';
import { OverviewPage } from '@/pages/overview/OverviewPage';
import { NotFoundPage } from '@/pages/NotFoundPage';

const CardsPage = chunk(() => import('@/pages/gpus/CardsPage'));
const CardPage = chunk(() => import('@/pages/gpus/CardPage'));
const CarvePage = chunk(() => import('@/pages/gpus/CarvePage'));
const MigModePage = chunk(() => import('@/pages/gpus/MigModePage'));
const UndoPage = chunk(() => import('@/pages/gpus/UndoPage'));
const GroupsPage = chunk(() => import('@/pages/groups/GroupsPage'));
const GroupPage = chunk(() => import('@/pages/groups/GroupPage'));
const VmsPage = chunk(() => import('@/pages/vms/VmsPage'));
const VmPage = chunk(() => import('@/pages/vms/VmPage'));
const ConsoleWindow = chunk(() => import('@/pages/vms/console/ConsoleWindow'));
const VmCreatePage = chunk(() => import('@/pages/vms/VmCreatePage'));
const TemplatesPage = chunk(() => import('@/pages/templates/TemplatesPage'));
const NetworksPage = chunk(() => import('@/pages/networks/NetworksPage'));
const NetworkPage = chunk(() => import('@/pages/networks/NetworkPage'));
const PoolsPage = chunk(() => import('@/pages/storage/PoolsPage'));
const PoolPage = chunk(() => import('@/pages/storage/PoolPage'));
const VolumesPage = chunk(() => import('@/pages/storage/VolumesPage'));
const FilesPage = chunk(() => import('@/pages/storage/FilesPage'));
const ActivityPage = chunk(() => import('@/pages/activity/ActivityPage'));
const NodesPage = chunk(() => import('@/pages/nodes/NodesPage'));
const ApiDocsPage = chunk(() => import('@/pages/apidocs/ApiDocsPage'));
const SettingsPage = chunk(() => import('@/pages/settings/SettingsPage'));

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The event stream keeps the caches true, so nothing is fetched again for its age alone.
      staleTime: 60_000,
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

/** Everything that has the masthead and the sidebar around it. */
function Pages() {
  return (
    <Shell>
      <Routes>
        <Route path="/" element={<OverviewPage />} />
        <Route path="/vms" element={<VmsPage />} />
        <Route path="/vms/create" element={<VmCreatePage />} />
        <Route path="/vms/:id/:tab?" element={<VmPage />} />
        <Route path="/templates" element={<TemplatesPage />} />
        <Route path="/gpus" element={<Navigate to="/gpus/cards" replace />} />
        <Route path="/gpus/cards" element={<CardsPage />} />
        <Route path="/gpus/cards/:id/carve" element={<CarvePage />} />
        <Route path="/gpus/cards/:id/mig/:enabled" element={<MigModePage />} />
        <Route path="/gpus/cards/:id/:tab?" element={<CardPage />} />
        <Route path="/gpus/undo/:task" element={<UndoPage />} />
        <Route path="/gpus/groups" element={<GroupsPage />} />
        <Route path="/gpus/groups/:id" element={<GroupPage />} />
        <Route path="/networks" element={<NetworksPage />} />
        <Route path="/networks/:id" element={<NetworkPage />} />
        <Route path="/storage" element={<Navigate to="/storage/pools" replace />} />
        <Route path="/storage/pools" element={<PoolsPage />} />
        <Route path="/storage/pools/:id" element={<PoolPage />} />
        <Route path="/storage/volumes" element={<VolumesPage />} />
        <Route path="/storage/files" element={<FilesPage />} />
        <Route path="/activity" element={<Navigate to="/activity/tasks" replace />} />
        <Route path="/activity/:tab" element={<ActivityPage />} />
        <Route path="/nodes" element={<NodesPage />} />
        <Route path="/settings/:tab?" element={<SettingsPage />} />
        <Route path="*" element={<NotFoundPage />} />
      </Routes>
    </Shell>
  );
}

const waiting = <Bullseye><Spinner aria-label={t.app.loading} /></Bullseye>;

/** Everything that only who has signed in sees. */
function SignedIn() {
  return (
    <Toasts>
      <Gate>
        <Uploads>
          <Routes>
            <Route path="/vms/:id/console/window" element={<Suspense fallback={waiting}><ConsoleWindow /></Suspense>} />
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
          <Route path="/reference" element={<Suspense fallback={waiting}><ApiDocsPage /></Suspense>} />
          <Route path="*" element={<SignedIn />} />
        </Routes>
      </BrowserRouter>
    </QueryClientProvider>
  );
}
