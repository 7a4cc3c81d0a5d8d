// SPDX-License-Identifier: Apache-2.0
import { Nav, NavExpandable, NavItem, NavList } from '@patternfly/react-core';
import { Link, useLocation } from 'react-router-dom';
import { pages } from '@/pages';
import { t } from '@/strings';
import type { Entry } from '@/widgets/manifest';
import { blocksOf } from './nav';

const BLOCKS = blocksOf(pages);
const at = (path: string, prefix: string) => path === prefix || path.startsWith(`${prefix}/`);

function Line({ entry: { to, name }, pathname }: { entry: Entry; pathname: string }) {
  const active = at(pathname, to);
  return (
    <NavItem isActive={active} itemId={to}>
      <Link to={to} aria-current={active ? 'page' : undefined}>
        {name}
      </Link>
    </NavItem>
  );
}

export function SideNav() {
  const { pathname } = useLocation();
  return (
    <Nav aria-label={t.app.navigation}>
      <NavList>
        {BLOCKS.map(({ section, prefix, folds, entries }) => {
          const lines = entries.map((entry) => <Line key={entry.to} entry={entry} pathname={pathname} />);
          const inside = at(pathname, prefix);
          return section === undefined ? (
            lines
          ) : (
            <NavExpandable key={prefix} title={section} isActive={inside} isExpanded={!folds || inside}>
              {lines}
            </NavExpandable>
          );
        })}
      </NavList>
    </Nav>
  );
}
