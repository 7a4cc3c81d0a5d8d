// SPDX-License-Identifier: Apache-2.0
// Who else watches a VM's consoles; the event stream keeps it true.
import { useState } from 'react';
import { useConsoles } from '@/api/queries';
import type { Viewer } from '@/contract/types';

/** @me: what this viewer calls itself, for finding itself among them. */
export interface Viewers {
  me: string;
  /** undefined until it is known. */
  others: Viewer[] | undefined;
  look: () => void;
}

export function useViewers(id: string, kind: 'serial' | 'graphics'): Viewers {
  const [me] = useState(() => crypto.randomUUID());
  const consoles = useConsoles(id);
  const all = consoles.data?.[kind];
  // When it cannot be told who watches, opening tells.
  const others = all ? all.filter((viewer) => viewer.viewer !== me) : consoles.isError ? [] : undefined;
  return { me, others, look: () => void consoles.refetch() };
}
