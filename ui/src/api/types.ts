// SPDX-License-Identifier: Apache-2.0
// Short names for the types that api/openapi.yaml generates.
import type { components, operations } from './generated';

type S = components['schemas'];
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
export type Problem = S['Problem'];
export type Task = S['Task'];
export type Image = S['Image'];
export type LibraryFile = S['File'];
export type Library = { items: LibraryFile[]; folder: string; capacity_bytes: number; free_bytes: number };
export type Vm = S['Vm'];
export type Viewer = S['Viewer'];
export type Consoles = S['Consoles'];
export type VmList = S['VmList'];
export type VmQuery = NonNullable<operations['listVms']['parameters']['query']>;
export type Network = S['Network'];
export type NetworkInput = S['NetworkInput'];
export type StaticLease = S['StaticLease'];
export type VmInput = S['VmInput'];
export type VmPatch = S['VmPatch'];
export type CloudInitInput = S['CloudInitInput'];
export type WindowsInput = S['WindowsInput'];
export type VmNicInput = S['VmNicInput'];
export type VmDeviceInput = S['VmDeviceInput'];
export type FacetEvent = S['Event'];
export type AuditEntry = S['AuditEntry'];
export type Sample = S['Sample'];
export type Preflight = { can_start: boolean; verdicts: Verdict[]; devices: { index: number; group: string; part: string | null }[] };
export type List<T> = { items: T[] };
/** A list item and its change on the event stream: the resource, or the word that it is gone. */
export type Change<T> = T | { id: string; deleted: true };
