// SPDX-License-Identifier: Apache-2.0
import { Button, Label, Menu, MenuContent, MenuItem, MenuList, Modal, ModalBody, ModalHeader, SearchInput } from '@patternfly/react-core';
import { SearchIcon } from '@patternfly/react-icons';
import { useEffect, useMemo, useState, type KeyboardEvent } from 'react';
import { useNavigate } from 'react-router-dom';
import { useFiles, useGpus, useGroups, useNetworks, usePools, useTasks, useTemplates, useVmPage, useVolumes } from '@/api/queries';
import { useSettled } from '@/lib/debounce';
import { shortModel } from '@/lib/format';
import { search, type Found } from '@/lib/search';
import { t } from '@/strings';
import { cardPath, groupPath, networkPath, poolPath, vmPath } from '@/widgets/links';

const PAGES: Found[] = [
  ['/', t.app.nav.overview], ['/vms', t.app.nav.vms], ['/vms/create', t.vm.create], ['/templates', t.app.nav.templates], ['/gpus/cards', t.app.nav.cards],
  ['/gpus/groups', t.app.nav.groups], ['/storage/pools', t.app.nav.pools], ['/storage/volumes', t.app.nav.volumes], ['/storage/files', t.app.nav.files],
  ['/networks', t.app.nav.networks], ['/activity/tasks', t.app.nav.tasks], ['/activity/events', t.app.nav.events],
  ['/activity/audit', t.app.nav.audit], ['/nodes', t.app.nav.nodes], ['/settings', t.app.nav.settings],
].map(([to, name]) => ({ kind: 'page' as const, key: `page ${to}`, name: name ?? '', more: '', to: to ?? '/' }));

/** Networks and what is stored, asked for when the search opens. */
function useStored(): Found[] {
  const networks = useNetworks().data;
  const pools = usePools().data;
  const volumes = useVolumes().data;
  const files = useFiles().data?.items;
  const templates = useTemplates().data;
  return useMemo(() => [
    ...(networks ?? []).map((one): Found => ({ kind: 'network', key: `network ${one.id}`, name: one.name, more: `${one.kind} ${one.subnet} ${one.bridge}`, to: networkPath(one.id) })),
    ...(pools ?? []).map((one): Found => ({ kind: 'pool', key: `pool ${one.id}`, name: one.name, more: `${one.path} ${one.source}`, to: poolPath(one.name) })),
    ...(volumes ?? []).map((one): Found => ({ kind: 'volume', key: `volume ${one.id}`, name: one.name, more: `${one.pool} ${one.used_by.map(({ name }) => name).join(' ')}`, to: `/storage/volumes?q=${encodeURIComponent(one.name)}` })),
    ...(files ?? []).map((one): Found => ({ kind: 'file', key: `file ${one.id}`, name: one.name, more: '', to: '/storage/files' })),
    ...(templates ?? []).map((one): Found => ({ kind: 'template', key: `template ${one.id}`, name: one.name, more: one.description, to: '/templates' })),
  ], [networks, pools, volumes, files, templates]);
}

/** VMs are searched by the server, the few of the rest here. */
function useEverything(text: string): Found[] {
  const gpus = useGpus().data;
  const vms = useVmPage({ q: useSettled(text, 150), limit: 12 }).data?.items;
  const groups = useGroups().data;
  const tasks = useTasks().data;
  const stored = useStored();
  return useMemo(() => [
    ...(vms ?? []).map((vm): Found => ({ kind: 'vm', key: vm.id, name: vm.name, more: `${vm.description} ${vm.state} ${vm.image}`, to: vmPath(vm.id) })),
    ...(gpus ?? []).map((gpu): Found => ({ kind: 'gpu', key: gpu.id, name: `${t.gpu.title(gpu.index)} ${shortModel(gpu.name)}`, more: `${gpu.address} ${gpu.uuid} ${gpu.serial} ${gpu.mode}`, to: cardPath(gpu.id) })),
    ...(groups ?? []).map((group): Found => ({ kind: 'group', key: group.id, name: group.name, more: group.description, to: groupPath(group.id) })),
    ...stored,
    ...PAGES,
    ...(tasks ?? []).slice(0, 50).map((task): Found => ({ kind: 'task', key: task.id, name: task.title, more: task.state, to: '/activity/tasks' })),
  ], [gpus, vms, groups, tasks, stored]);
}

function SearchBox({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const navigate = useNavigate();
  const found = search(useEverything(text), text);
  const go = (item: Found | undefined) => {
    if (!item) return;
    onClose();
    void navigate(item.to);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setChosen((i) => Math.max(0, Math.min(found.length - 1, i + (event.key === 'ArrowDown' ? 1 : -1))));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      go(found[chosen]);
    }
  };
  return (
    <Modal isOpen variant="small" position="top" onClose={onClose} aria-labelledby="search-title">
      <ModalHeader title={t.app.searchTitle} labelId="search-title" />
      <ModalBody tabIndex={0} aria-label={t.app.searchTitle}>
        <div className="fct-stack">
          <SearchInput
            value={text}
            placeholder={t.app.searchPlaceholder}
            aria-label={t.app.searchTitle}
            onChange={(_event, value) => {
              setText(value);
              setChosen(0);
            }}
            onClear={() => setText('')}
            onKeyDown={onKeyDown}
            ref={(input: HTMLInputElement | null) => input?.focus()}
          />
          {found.length === 0 ? <p className="fct-subtle" role="status">{t.app.searchEmpty(text)}</p> : (
            <Menu isPlain isScrollable onSelect={(_event, id) => go(found.find((item) => item.key === id))}>
              <MenuContent>
                <MenuList aria-label={t.app.searchTitle}>
                  {found.map((item, i) => (
                    <MenuItem key={item.key} itemId={item.key} isFocused={i === chosen} icon={<Label isCompact variant="outline">{t.app.searchKinds[item.kind]}</Label>}>{item.name}</MenuItem>
                  ))}
                </MenuList>
              </MenuContent>
            </Menu>
          )}
        </div>
      </ModalBody>
    </Modal>
  );
}

export function Search() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setOpen(true);
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  return (
    <>
      <Button variant="control" icon={<SearchIcon />} onClick={() => setOpen(true)} aria-label={`${t.app.search} ${t.app.searchHint}`} aria-keyshortcuts="Control+K">
        <span className="fct-wide">{t.app.search} <span className="fct-subtle fct-small">{t.app.searchHint}</span></span>
      </Button>
      {open && <SearchBox onClose={() => setOpen(false)} />}
    </>
  );
}
