// SPDX-License-Identifier: Apache-2.0
// Short names for the types that api/openapi.yaml generates.
import type { components, operations } from './generated';

type S = components['schemas'];
/** What a GET answers with. */
type Answer<O extends keyof operations> = operations[O] extends { responses: { 200: { content: { 'application/json': infer B } } } }
  ? B
  : never;

export type Session = S['Session'];
export type Token = S['Token'];
export type Role = S['Role'];
export type Node = S['Node'];
export type Gpu = S['Gpu'];
export type Mig = S['Mig'];
export type MigProfile = S['MigProfile'];
export type GpuInstance = S['GpuInstance'];
export type Fit = S['Fit'];
export type Readings = S['Readings'];
export type Reading = number | null;
export type Part = S['Part'];
export type ResourceGroup = S['ResourceGroup'];
export type ResourceGroupInput = S['ResourceGroupInput'];
export type Plan = S['Plan'];
export type PlanInput = S['PlanInput'];
export type LayoutItem = S['LayoutItem'];
export type Verdict = S['Verdict'];
/** One of facetd's errors, or one that the page has seen itself. */
export type Problem = Omit<S['Problem'], 'code'> & { code: S['Problem']['code'] | 'unreachable' | 'unknown' | S['TaskState'] };
export type Task = S['Task'];
export type Image = S['Image'];
export type LibraryFile = S['File'];
export type Library = Answer<'listFiles'>;
export type Vm = S['Vm'];
export type VmDiskInput = S['VmDiskInput'];
export type Snapshot = S['Snapshot'];
export type Snapshots = S['Snapshots'];
export type SnapshotInput = S['SnapshotInput'];
export type Viewer = S['Viewer'];
export type Consoles = S['Consoles'];
export type VmList = S['VmList'];
export type VmQuery = NonNullable<operations['listVms']['parameters']['query']>;
export type Pool = S['Pool'];
export type PoolInput = S['PoolInput'];
export type Volume = S['Volume'];
export type VolumeInput = S['VolumeInput'];
export type Network = S['Network'];
export type DhcpRange = S['DhcpRange'];
export type NetworkInput = S['NetworkInput'];
export type NetworkChange = S['NetworkChange'];
export type NetworkPreview = S['NetworkPreview'];
export type HostInterface = S['HostInterface'];
export type StaticLease = S['StaticLease'];
export type Template = S['Template'];
export type TemplateInput = S['TemplateInput'];
export type Adoption = S['Adoption'];
export type VmRelease = S['VmRelease'];
export type VmInput = S['VmInput'];
export type VmPatch = S['VmPatch'];
export type Guest = S['Guest'];
export type CloudInitInput = S['CloudInitInput'];
export type WindowsInput = S['WindowsInput'];
export type VmNicInput = S['VmNicInput'];
export type VmDeviceInput = S['VmDeviceInput'];
export type FacetEvent = S['Event'];
export type AuditEntry = S['AuditEntry'];
export type RefusedEntry = S['RefusedEntry'];
export type Sample = S['Sample'];
export type StreamState = S['StreamState'];
export type Preflight = Answer<'preflightVm'>;
export type List<T> = { items: T[] };
/** A list item and its change on the event stream: the resource, or the word that it is gone. */
export type Change<T> = T | { id: string; deleted: true };
