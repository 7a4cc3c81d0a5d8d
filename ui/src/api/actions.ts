// SPDX-License-Identifier: Apache-2.0
// Writing: every change that the page can ask for.
import type { Body } from '@/contract/fields';
import { call } from './client';
import type {
  Adoption,
  Gpu,
  LibraryFile,
  Network,
  NetworkChange,
  NetworkInput,
  NetworkPreview,
  Plan,
  PlanInput,
  Pool,
  PoolInput,
  ResourceGroup,
  ResourceGroupInput,
  Role,
  Session,
  SnapshotInput,
  Task,
  Template,
  TemplateInput,
  Token,
  Vm,
  VmDiskInput,
  VmInput,
  VmPatch,
  VmRelease,
  Volume,
  VolumeInput,
} from '@/contract/types';

const seg = encodeURIComponent;

export const login = (username: string, password: string) =>
  call<Session>('/session', { method: 'POST', body: { username, password } satisfies Body<'login'> });
export const logout = () => call<undefined>('/session', { method: 'DELETE' });

export const createToken = (name: string, role: Role) =>
  call<Token & { secret: string }>('/tokens', {
    method: 'POST',
    body: { name, kind: 'token', role, makes_tokens: false } satisfies Body<'createToken'>,
  });
export const changePassword = (oldPassword: string, newPassword: string, endTokens: boolean) =>
  call<undefined>('/account/password', {
    method: 'PUT',
    body: { old_password: oldPassword, new_password: newPassword, end_tokens: endTokens } satisfies Body<'changePassword'>,
  });
export const deleteToken = (id: string) => call<undefined>(`/tokens/${seg(id)}`, { method: 'DELETE' });

export const createPlan = (input: PlanInput, signal?: AbortSignal) => call<Plan>('/plans', { method: 'POST', body: input, signal });
export const applyPlan = (id: string, confirm: boolean) =>
  call<Task>(`/plans/${seg(id)}/apply`, { method: 'POST', body: { confirm } satisfies Body<'applyPlan'> });
/** @hold: false lets go of the card for other programs, true takes it back. */
export const holdGpu = (id: string, hold: boolean) =>
  call<Gpu>(`/gpus/${seg(id)}/${hold ? 'take' : 'release'}`, { method: 'POST', body: {} });
export const cancelTask = (id: string) => call<Task>(`/tasks/${seg(id)}/cancel`, { method: 'POST' });

export const createGroup = (input: ResourceGroupInput) => call<ResourceGroup>('/resource-groups', { method: 'POST', body: input });
export const updateGroup = (id: string, revision: number, input: ResourceGroupInput) =>
  call<ResourceGroup>(`/resource-groups/${seg(id)}`, { method: 'PUT', body: input, revision });
export const deleteGroup = (id: string, revision: number) => call<undefined>(`/resource-groups/${seg(id)}`, { method: 'DELETE', revision });

/** What a change of a network would do; it changes nothing. */
export type NetworkQuestion =
  | { action: 'create'; input: NetworkInput }
  | { action: 'update'; id: string; input: NetworkChange }
  | { action: 'delete'; id: string };
export const previewNetwork = (question: NetworkQuestion, signal?: AbortSignal) =>
  call<NetworkPreview>('/networks/preview', { method: 'POST', body: question, signal });
const consent = (confirm: boolean) => (confirm ? '?confirm=1' : '');
export const createNetwork = (input: NetworkInput, confirm = false) =>
  call<Network>(`/networks${consent(confirm)}`, { method: 'POST', body: input });
export const updateNetwork = (id: string, revision: number, input: NetworkChange, confirm = false) =>
  call<Task>(`/networks/${seg(id)}${consent(confirm)}`, { method: 'PUT', body: input, revision });
export const startNetwork = (id: string) => call<Network>(`/networks/${seg(id)}/start`, { method: 'POST' });
export const deleteNetwork = (id: string, revision: number, confirm = false) =>
  call<Task>(`/networks/${seg(id)}${consent(confirm)}`, { method: 'DELETE', revision });

export const createVm = (input: VmInput) => call<Task>('/vms', { method: 'POST', body: input });
export const updateVm = (id: string, revision: number, patch: VmPatch) =>
  call<Vm>(`/vms/${seg(id)}`, { method: 'PATCH', body: patch, revision });
/** @keep: targets of disks that stay, of those that were made for the VM. */
export const deleteVm = (id: string, revision: number, keep: readonly string[]) =>
  call<Task>(`/vms/${seg(id)}${keep.length ? `?keep=${keep.map(seg).join(',')}` : ''}`, { method: 'DELETE', revision });
export const addDisk = (id: string, disk: VmDiskInput) => call<Task>(`/vms/${seg(id)}/disks`, { method: 'POST', body: disk });
export const growDisk = (id: string, target: string, size_gib: number) =>
  call<Vm>(`/vms/${seg(id)}/disks/${seg(target)}`, { method: 'PATCH', body: { size_gib } satisfies Body<'growVmDisk'> });
export const removeDisk = (id: string, target: string, keep: boolean) =>
  call<Task>(`/vms/${seg(id)}/disks/${seg(target)}${keep ? '?keep=true' : ''}`, { method: 'DELETE' });
export const startVm = (id: string) => call<Task>(`/vms/${seg(id)}/start`, { method: 'POST' });
export const stopVm = (id: string, force: boolean) =>
  call<Task>(`/vms/${seg(id)}/stop`, { method: 'POST', body: { force } satisfies Body<'stopVm'> });

export const createTemplate = (input: TemplateInput) => call<Template>('/templates', { method: 'POST', body: input });
export const updateTemplate = (id: string, revision: number, input: TemplateInput) =>
  call<Template>(`/templates/${seg(id)}`, { method: 'PUT', body: input, revision });
export const deleteTemplate = (id: string, revision: number) => call<undefined>(`/templates/${seg(id)}`, { method: 'DELETE', revision });

export const previewAdoption = (id: string) =>
  call<Adoption>(`/vms/${seg(id)}/adopt`, { method: 'POST', body: { preview: true } satisfies Body<'adoptVm'> });
/** @digest: of what was read; what has changed since is not consented to. */
export const adoptVm = (id: string, digest: string) =>
  call<Vm>(`/vms/${seg(id)}/adopt`, { method: 'POST', body: { confirm: true, digest } satisfies Body<'adoptVm'> });
export const releaseVm = (id: string) => call<VmRelease>(`/vms/${seg(id)}/release`, { method: 'POST', body: {} });

/** @force: without asking the guest. */
export const rebootVm = (id: string, force: boolean) =>
  call<Task>(`/vms/${seg(id)}/reboot`, { method: 'POST', body: { force } satisfies Body<'rebootVm'> });
/** Off and on again, with what waits for the next start. */
export const restartVm = (id: string, force: boolean) =>
  call<Task>(`/vms/${seg(id)}/restart`, { method: 'POST', body: { force } satisfies Body<'restartVm'> });
export const pauseVm = (id: string) => call<Task>(`/vms/${seg(id)}/pause`, { method: 'POST' });
export const resumeVm = (id: string) => call<Task>(`/vms/${seg(id)}/resume`, { method: 'POST' });
/** With the memory that virsh saved. */
export const continueVm = (id: string) => call<Task>(`/vms/${seg(id)}/continue`, { method: 'POST' });
export const dropSavedVm = (id: string) => call<Vm>(`/vms/${seg(id)}/saved`, { method: 'DELETE' });

export const createFile = ({ name, size_bytes, sha256 }: Body<'createFile'>) =>
  call<LibraryFile>('/files', { method: 'POST', body: { name, size_bytes, ...(sha256 ? { sha256 } : {}) } });
export const deleteFile = (id: string) => call<undefined>(`/files/${seg(id)}`, { method: 'DELETE' });

export const createPool = (input: PoolInput) => call<Pool>('/pools', { method: 'POST', body: input });
export const actOnPool = (id: string, act: 'start' | 'stop' | 'refresh') => call<Pool>(`/pools/${seg(id)}/${act}`, { method: 'POST' });
export const deletePool = (id: string) => call<undefined>(`/pools/${seg(id)}`, { method: 'DELETE' });
export const createVolume = (input: VolumeInput) => call<Task>('/volumes', { method: 'POST', body: input });
export const beginVolume = ({ sha256, ...input }: VolumeInput) =>
  call<Volume>('/volumes', { method: 'POST', body: { ...input, ...(sha256 ? { sha256 } : {}) } satisfies VolumeInput });
export const growVolume = (id: string, size_gib: number) =>
  call<Volume>(`/volumes/${seg(id)}/grow`, { method: 'POST', body: { size_gib } satisfies Body<'growVolume'> });
export const deleteVolume = (id: string) => call<undefined>(`/volumes/${seg(id)}`, { method: 'DELETE' });

const snapshotPath = (vm: string, id: string) => `/vms/${seg(vm)}/snapshots/${seg(id)}`;
export const takeSnapshot = (vm: string, input: SnapshotInput) => call<Task>(`/vms/${seg(vm)}/snapshots`, { method: 'POST', body: input });
export const revertSnapshot = (vm: string, id: string, body: Body<'revertSnapshot'>) =>
  call<Task>(`${snapshotPath(vm, id)}/revert`, { method: 'POST', body });
export const deleteSnapshot = (vm: string, id: string) => call<Task>(snapshotPath(vm, id), { method: 'DELETE' });
export const cloneVm = (vm: string, body: Body<'cloneVm'>) => call<Task>(`/vms/${seg(vm)}/clone`, { method: 'POST', body });
