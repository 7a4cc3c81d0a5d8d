// SPDX-License-Identifier: Apache-2.0
// What the signed-in user may do. The list comes from the server, which refuses the same things.
import { useSession } from '@/api/queries';
import { t } from '@/strings';

export interface May {
  allowed: boolean;
  /** Why not, for a tooltip; "" when allowed. */
  why: string;
}

export function useMay(action: string): May {
  const session = useSession();
  const allowed = session.data?.may.includes(action) ?? false;
  return { allowed, why: allowed ? '' : t.errors.notAllowed(session.data?.role ?? 'viewer') };
}
