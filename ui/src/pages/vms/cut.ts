// SPDX-License-Identifier: Apache-2.0
// From a plan that runs to the resource group of the part that it cut. Everything is read from the caches that the event stream
// keeps true. Leaving the page aborts: the card stays cut, and no VM is made.
import type { QueryClient } from '@tanstack/react-query';
import { until } from '@/api/wait';
import type { ResourceGroup } from '@/contract/types';
import { sameKind } from '@/lib/cuts';
import { t } from '@/strings';

const LISTED_MS = 30_000;

/** The built-in group of parts of that kind, with one free. */
export function freePart(client: QueryClient, model: string, profile: string, signal: AbortSignal): Promise<ResourceGroup> {
  void client.invalidateQueries({ queryKey: ['group'], exact: true });
  const look = () => client.getQueryData<ResourceGroup[]>(['group'])?.find((group) => group.free > 0 && sameKind(group, model, profile));
  return until(client, signal, look, { ms: LISTED_MS, text: t.cuts.notListed });
}
