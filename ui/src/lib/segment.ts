// SPDX-License-Identifier: Apache-2.0
// A name out of the address. The router decodes what it gives in useParams once more: “a%2Fb” became “a/b”.
import { useLocation } from 'react-router-dom';

export function segmentOf(pathname: string, index: number): string {
  const raw = pathname.split('/')[index + 1] ?? '';
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw; // typed by hand: a lone percent sign
  }
}

/** The @index-th part of the page's address, decoded once: names are opaque. */
export const useSegment = (index: number) => segmentOf(useLocation().pathname, index);
