// SPDX-License-Identifier: Apache-2.0
// Signed in: the page. Not signed in: the login, at the same address, so that signing in leads back to where one was.
import { Bullseye, Spinner } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, type ReactNode } from 'react';
import type { Nouns } from '@/api/changes';
import { ApiError, onUnauthenticated } from '@/api/client';
import { useSession } from '@/api/queries';
import { openStream } from '@/api/stream';
import { pages } from '@/pages';
import { t } from '@/strings';
import { LoadError } from '@/widgets/feedback';
import { LoginPage } from './LoginPage';

/** What each page says a change of its nouns means. */
const NOUNS = Object.assign({}, ...pages.map((page) => page.nouns ?? {})) as Nouns;

function Live({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  useEffect(() => openStream(client, NOUNS), [client]);
  return <>{children}</>;
}

export function Gate({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const session = useSession();
  useEffect(
    () =>
      onUnauthenticated(() => {
        if (client.getQueryData(['session'])) client.setQueryData(['session'], null);
      }),
    [client],
  );
  if (session.data) return <Live>{children}</Live>;
  const signedOut = session.data === null || (session.error instanceof ApiError && session.error.status === 401);
  if (signedOut) return <LoginPage />;
  if (session.error)
    return (
      <Bullseye>
        <LoadError error={session.error} onRetry={() => void session.refetch()} />
      </Bullseye>
    );
  return (
    <Bullseye>
      <Spinner aria-label={t.app.loading} />
    </Bullseye>
  );
}
