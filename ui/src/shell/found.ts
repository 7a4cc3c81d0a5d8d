// SPDX-License-Identifier: Apache-2.0
// What Search looks through: the pages by name, and what each offers of its own.
import { pages } from '@/pages';
import type { Found } from '@/lib/search';
import { t } from '@/strings';

type UseFound = (text: string) => Found[];

const PLACES = pages
  .flatMap(({ nav, places = [] }) => [...nav, ...places])
  .map(({ to, name }): Found => ({ kind: t.app.searchKinds.page, key: `page ${to}`, name, more: '', to, rank: 'page' }));

/** The pages never change, so neither does the order in which their hooks are called. */
function together(useSome: UseFound, useMore: UseFound): UseFound {
  return function useBoth(text) {
    return [...useSome(text), ...useMore(text)];
  };
}

export const useEverything = pages.flatMap(({ useFound }) => useFound ?? []).reduce(together, () => PLACES);
