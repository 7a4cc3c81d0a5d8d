// SPDX-License-Identifier: Apache-2.0
// Reading: one hook a resource. Keys are [noun] for the list and [noun, id] for one; the event stream writes to the same keys.
import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { previewAdoption } from './actions';
import { useEffect } from 'react';
import { call } from './client';
import { drawVms, pushHistory, useAsks } from './live';
import type {
  AuditEntry,
  Consoles,
  FacetEvent,
  Gpu,
  Guest,
  HostInterface,
  Image,
  Library,
  List,
  Network,
  Node,
  Pool,
  Preflight,
  RefusedEntry,
  ResourceGroup,
  Sample,
  Session,
  Snapshots,
  Task,
  Template,
  Token,
  Vm,
  VmList,
  VmQuery,
  Volume,
} from '@/contract/types';

function useList<T>(noun: string, path: string, enabled = true): UseQueryResult<T[], Error> {
  return useQuery({
    queryKey: [noun],
    queryFn: async ({ signal }) => (await call<List<T>>(path, { signal })).items,
    enabled,
  });
}

/** A list that the stream of events begins with: asked for when the stream does not bring it, and followed like any other once it is there. */
function useBrought<T>(noun: string, path: string): UseQueryResult<T[], Error> {
  const asks = useAsks();
  return useQuery({
    queryKey: [noun],
    queryFn: async ({ signal }) => (await call<List<T>>(path, { signal })).items,
    enabled: (query) => asks || query.state.data !== undefined,
  });
}

function useOne<T>(noun: string, id: string, path: string): UseQueryResult<T, Error> {
  return useQuery({ queryKey: [noun, id], queryFn: ({ signal }) => call<T>(path, { signal }), enabled: id !== '' });
}

const seg = encodeURIComponent;

export const useSession = () =>
  useQuery({
    queryKey: ['session'],
    queryFn: ({ signal }) => call<Session>('/session', { signal }),
    retry: false,
    staleTime: Infinity,
  });
export const useVersion = () =>
  useQuery({ queryKey: ['version'], queryFn: () => call<{ version: string }>('/version'), staleTime: Infinity });
export const useNodes = () => useBrought<Node>('node', '/nodes');
export const useGpus = () => useBrought<Gpu>('gpu', '/gpus');
export const gpuQuery = (id: string) => ({
  queryKey: ['gpu', id],
  queryFn: ({ signal }: { signal: AbortSignal }) => call<Gpu>(`/gpus/${seg(id)}`, { signal }),
});
export const useGpu = (id: string) => useOne<Gpu>('gpu', id, `/gpus/${seg(id)}`);
export const useGroups = () => useList<ResourceGroup>('group', '/resource-groups');
export const useGroup = (id: string) => useOne<ResourceGroup>('group', id, `/resource-groups/${seg(id)}`);
function vmPage(query: VmQuery) {
  const text = new URLSearchParams(
    Object.entries(query)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, String(value)]),
  ).toString();
  return { queryKey: ['vms', text], queryFn: ({ signal }: { signal: AbortSignal }) => call<VmList>(`/vms?${text}`, { signal }) };
}

/** A part of the VMs, as the server filters and sorts them; while another is on its way, the last one stays. */
export const useVmPage = (query: VmQuery, enabled = true): UseQueryResult<VmList, Error> =>
  useQuery({ ...vmPage(query), placeholderData: keepPreviousData, enabled });
/** Whether a VM has this name; undefined while that is being asked. */
export function useNameTaken(name: string): boolean | undefined {
  const page = useVmPage({ name, limit: 1 }, name !== '');
  return page.isPlaceholderData ? undefined : page.data && page.data.total > 0;
}
/** The VMs whose names the wizard counts on from, the highest first. */
export const useNumberedVms = () => useVmPage({ q: 'vm-', sort: 'name', order: 'desc', limit: 200 });
/** The VMs that need a person first, and how many there are of each kind: for what gives an overview. */
export const vmOverview = vmPage({ limit: 20, sort: 'attention' });
export function useVmOverview(): UseQueryResult<VmList, Error> {
  const asks = useAsks();
  return useQuery({ ...vmOverview, enabled: (query) => asks || query.state.data !== undefined });
}
export const useVm = (id: string) => useOne<Vm>('vm', id, `/vms/${seg(id)}`);
export const useConsoles = (id: string) =>
  useQuery({
    queryKey: ['console', id],
    queryFn: ({ signal }) => call<Consoles>(`/vms/${seg(id)}/console`, { signal }),
    staleTime: 0,
    retry: false,
  });
export const useSnapshots = (vm: string) =>
  useQuery({ queryKey: ['snapshot', vm], queryFn: ({ signal }) => call<Snapshots>(`/vms/${seg(vm)}/snapshots`, { signal }) });
/** Asked anew when the agent comes or goes: a guest may take seconds to answer. */
export const useGuest = (id: string, agent: string, enabled: boolean) =>
  useQuery({
    queryKey: ['guest', id, agent],
    queryFn: ({ signal }) => call<Guest>(`/vms/${seg(id)}/guest`, { signal }),
    enabled,
    staleTime: 10_000,
    retry: false,
  });
/** What managing another's VM would mean; asked anew each time. */
export const useAdoption = (id: string, enabled = true) =>
  useQuery({ queryKey: ['adoption', id], queryFn: () => previewAdoption(id), staleTime: 0, gcTime: 0, enabled });
export const usePreflight = (id: string) => useOne<Preflight>('preflight', id, `/vms/${seg(id)}/preflight`);
export const useNetworks = () => useList<Network>('network', '/networks');
export const useNetwork = (id: string) => useOne<Network>('network', id, `/networks/${seg(id)}`);
export const useHostInterfaces = () =>
  useQuery({
    queryKey: ['host-interface'],
    queryFn: ({ signal }) => call<List<HostInterface> & { why: string }>('/host-interfaces', { signal }),
    staleTime: 0,
  });
/** @fetch false: what another page has loaded already. */
export const usePools = (fetch = true) => useList<Pool>('pool', '/pools', fetch);
export const usePool = (id: string) => useOne<Pool>('pool', id, `/pools/${seg(id)}`);
export const useVolumes = () => useList<Volume>('volume', '/volumes');
export const useTemplates = () => useList<Template>('template', '/templates');
export const useTasks = () => useBrought<Task>('task', '/tasks?limit=200');
export const useTask = (id: string) => useOne<Task>('task', id, `/tasks/${seg(id)}`);
export const useImages = () => useList<Image>('image', '/images');
export const useFiles = () => useQuery({ queryKey: ['file'], queryFn: ({ signal }) => call<Library>('/files', { signal }), staleTime: 0 });
export const useEvents = () => useList<FacetEvent>('event', '/events?limit=200');
export const useAudit = () => useList<AuditEntry>('audit', '/audit?limit=200');
export const useRefused = () => useList<RefusedEntry>('refused', '/audit/refused?limit=200');
export const useTokens = (enabled: boolean) => useList<Token>('token', '/tokens', enabled);

/** For graphs: what was kept of @subjects ("gpus", "gpu/ID", "vm/ID") comes once, and the stream goes on with it. */
export function useSampleHistory(subjects: readonly string[]): void {
  const text = subjects.join();
  const history = useQuery({
    queryKey: ['sample', text],
    queryFn: async ({ signal }) => (await call<List<Sample>>(`/samples?seconds=900&step=4&subjects=${seg(text)}`, { signal })).items,
    staleTime: 0, // nobody kept the readings of VMs while no graph drew them
    refetchOnWindowFocus: false,
  });
  useEffect(
    () =>
      drawVms(
        text
          .split(',')
          .filter((one) => one.startsWith('vm/'))
          .map((one) => one.slice('vm/'.length)),
      ),
    [text],
  );
  useEffect(() => {
    if (history.data) pushHistory(history.data);
  }, [history.data]);
}
