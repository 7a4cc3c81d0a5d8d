// SPDX-License-Identifier: Apache-2.0
import { Nav, NavExpandable, NavItem, NavList } from '@patternfly/react-core';
import { Link, useLocation } from 'react-router-dom';
import { t } from '@/strings';

const at = (path: string, prefix: string) => path === prefix || path.startsWith(`${prefix}/`);

function Entry({ to, name, active }: { to: string; name: string; active: boolean }) {
  return <NavItem isActive={active} itemId={to}><Link to={to} aria-current={active ? 'page' : undefined}>{name}</Link></NavItem>;
}

export function SideNav() {
  const { pathname } = useLocation();
  const entry = (to: string, name: string) => <Entry to={to} name={name} active={at(pathname, to)} />;
  const inGpus = at(pathname, '/gpus');
  const inActivity = at(pathname, '/activity');
  return (
    <Nav aria-label={t.app.navigation}>
      <NavList>
        <Entry to="/" name={t.app.nav.overview} active={pathname === '/'} />
        {entry('/vms', t.app.nav.vms)}
        {entry('/templates', t.app.nav.templates)}
        <NavExpandable title={t.app.nav.gpus} isActive={inGpus} isExpanded>
          {entry('/gpus/cards', t.app.nav.cards)}
          {entry('/gpus/groups', t.app.nav.groups)}
        </NavExpandable>
        <NavExpandable title={t.app.nav.storage} isActive={at(pathname, '/storage')} isExpanded>
          {entry('/storage/pools', t.app.nav.pools)}
          {entry('/storage/volumes', t.app.nav.volumes)}
          {entry('/storage/files', t.app.nav.files)}
        </NavExpandable>
        {entry('/networks', t.app.nav.networks)}
        <NavExpandable title={t.app.nav.activity} isActive={inActivity} isExpanded={inActivity}>
          {entry('/activity/tasks', t.app.nav.tasks)}
          {entry('/activity/events', t.app.nav.events)}
          {entry('/activity/audit', t.app.nav.audit)}
        </NavExpandable>
        {entry('/nodes', t.app.nav.nodes)}
        {entry('/settings', t.app.nav.settings)}
      </NavList>
    </Nav>
  );
}
