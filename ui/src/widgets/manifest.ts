// SPDX-License-Identifier: Apache-2.0
// What a page says of itself, so that nothing else need know it: its folder has page.ts with one of these, and pages/index.ts a row.
import type { ComponentType } from 'react';
import type { Nouns } from '@/api/changes';
import type { Found } from '@/lib/search';

/** An address, as react-router writes them, and what is shown there: as a rule a chunk() of its own. */
export interface Route {
  path: string;
  Page: ComponentType;
  /** A window of its own: no masthead and no sidebar. */
  bare?: true;
  /** Whoever is not signed in sees it, too; it brings its own masthead. */
  open?: true;
}

/** An address that leads on to another. */
export interface Redirect {
  path: string;
  to: string;
}

/** A line in the sidebar; Search finds it by its name. */
export interface Entry {
  to: string;
  name: string;
  /** The heading it stands under, together with its neighbours of the same. */
  section?: string;
  /** The section is open only while one is in it. */
  folds?: true;
}

export interface Manifest {
  routes: readonly (Route | Redirect)[];
  /** In the order of the sidebar. */
  nav: readonly Entry[];
  /** Places that are not in the sidebar and that Search finds by their names. */
  places?: readonly { to: string; name: string }[];
  /** A hook: the objects that Search offers. @text is what was typed, for those that the server searches. */
  useFound?: (text: string) => Found[];
  /** What the event stream tells of, and what a change of it means. A noun is one page's. */
  nouns?: Nouns;
}
