// SPDX-License-Identifier: Apache-2.0
// Signed in: the page. Not signed in: the login, at the same address, so that signing in leads back to where one was.
import { Bullseye, Spinner } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, type ReactNode } from 'react';
import { ApiError, onUnauthenticated } from '@/api/client';
import { useSession } from '@/api/queries';
import { openStream } from '@/api/stream';
import { t } from '@/strings';
import { LoadError } from '@/widgets/feedback';
import { LoginPage } from './LoginPage';

function Live({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  useEffect(() => openStream(client), [client]);
  return <>{children}</>;
}

export function Gate({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const session = useSession();
  useEffect(() => onUnauthenticated(() => {
    if (client.getQueryData(['session'])) client.setQueryData(['session'], null);
  }), [client]);
  if (session.data) return <Live>{children}</Live>;
  const signedOut = session.data === null || (session.error instanceof ApiError && session.error.status === 401);
  if (signedOut) return <LoginPage />;
  if (session.error) return <Bullseye><LoadError error={session.error} onRetry={() => void session.refetch()} /></Bullseye>;
  return <Bullseye><Spinner aria-label={t.app.loading} /></Bullseye>;
}
