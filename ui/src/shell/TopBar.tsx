// SPDX-License-Identifier: Apache-2.0
import {
  Brand,
  Button,
  Dropdown,
  DropdownGroup,
  DropdownItem,
  DropdownList,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadLogo,
  MastheadMain,
  MastheadToggle,
  MenuToggle,
  NotificationBadge,
  PageToggleButton,
  Popover,
  Spinner,
  Toolbar,
  ToolbarContent,
  ToolbarGroup,
  ToolbarItem,
} from '@patternfly/react-core';
import { AdjustIcon, BarsIcon, BellIcon, ListIcon, UserIcon } from '@patternfly/react-icons';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router-dom';
import { logout } from '@/api/actions';
import { useGpus, useNodes, usePools, useSession, useVmOverview } from '@/api/queries';
import { attention } from '@/lib/attention';
import { setTheme, useTheme, type ThemeChoice } from '@/lib/theme';
import { t } from '@/strings';
import { AttentionList } from '@/widgets/AttentionList';
import { useRunning, useTaskDrawer } from '@/widgets/TaskDrawer';
import { Search } from './Search';

function TasksButton() {
  const { isOpen, setOpen } = useTaskDrawer();
  const count = useRunning();
  return (
    <Button
      variant="plain"
      icon={count ? <Spinner size="md" aria-hidden="true" /> : <ListIcon />}
      aria-label={t.tasks.drawer(count)}
      aria-expanded={isOpen}
      countOptions={count ? { isRead: false, count } : undefined}
      onClick={() => setOpen(!isOpen)}
    />
  );
}

function Bell() {
  const nodes = useNodes();
  const gpus = useGpus();
  const vms = useVmOverview();
  const pools = usePools(false);
  const list = attention(nodes.data ?? [], gpus.data ?? [], vms.data, pools.data);
  const worst = list[0]?.severity;
  return (
    <Popover
      headerContent={t.overview.attention}
      bodyContent={(hide) => <AttentionList list={list} onGo={hide} />}
      position="bottom-end"
      minWidth="22rem"
      aria-label={t.overview.attention}
    >
      <NotificationBadge
        variant={worst === 'danger' ? 'attention' : list.length ? 'unread' : 'read'}
        count={list.length}
        icon={<BellIcon />}
        aria-label={t.app.attentionButton(list.length)}
      />
    </Popover>
  );
}

function ThemeMenu() {
  const [open, setOpen] = useState(false);
  const choice = useTheme();
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={(_event, value) => {
        setTheme(value as ThemeChoice);
        setOpen(false);
      }}
      popperProps={{ position: 'end' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plain"
          isExpanded={open}
          onClick={() => setOpen(!open)}
          aria-label={t.app.theme}
          icon={<AdjustIcon />}
        />
      )}
    >
      <DropdownList>
        {(['system', 'light', 'dark'] as const).map((value) => (
          <DropdownItem key={value} value={value} isSelected={choice === value}>
            {t.app.themes[value]}
          </DropdownItem>
        ))}
      </DropdownList>
    </Dropdown>
  );
}

function UserMenu() {
  const [open, setOpen] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const session = useSession();
  const name = session.data?.user ?? '';
  const signOut = async () => {
    await logout().catch(() => undefined);
    client.clear();
    client.setQueryData(['session'], null);
  };
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      popperProps={{ position: 'end' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plainText"
          isExpanded={open}
          onClick={() => setOpen(!open)}
          icon={<UserIcon />}
          aria-label={t.app.user(name)}
        >
          <span className="fct-wide">{name}</span>
        </MenuToggle>
      )}
    >
      <DropdownGroup label={t.settings.roles[session.data?.role ?? 'viewer']}>
        <DropdownList>
          <DropdownItem onClick={() => void navigate('/settings')}>{t.app.account}</DropdownItem>
          <DropdownItem to="/reference" target="_blank" rel="noreferrer">
            {t.app.reference}
          </DropdownItem>
          <DropdownItem onClick={() => void signOut()}>{t.app.signOut}</DropdownItem>
        </DropdownList>
      </DropdownGroup>
    </Dropdown>
  );
}

export function TopBar() {
  return (
    <Masthead>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton icon={<BarsIcon />} aria-label={t.app.toggleNav} />
        </MastheadToggle>
        <MastheadBrand>
          <MastheadLogo component={(props) => <Link {...props} to="/" />}>
            <span className="fct-brand">
              <Brand src="/facet.svg" alt="" heights={{ default: '28px' }} />
              {t.app.name}
            </span>
          </MastheadLogo>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isStatic>
          <ToolbarContent>
            <ToolbarGroup align={{ default: 'alignEnd' }} gap={{ default: 'gapXs' }}>
              <ToolbarItem>
                <Search />
              </ToolbarItem>
              <ToolbarItem>
                <TasksButton />
              </ToolbarItem>
              <ToolbarItem>
                <Bell />
              </ToolbarItem>
              <ToolbarItem>
                <ThemeMenu />
              </ToolbarItem>
              <ToolbarItem>
                <UserMenu />
              </ToolbarItem>
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
}
