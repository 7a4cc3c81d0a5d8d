// SPDX-License-Identifier: Apache-2.0
// All pages, in the order of the sidebar. What is at which address, the sidebar, what Search finds and what a change on the event
// stream means all come from here.
import type { Manifest } from '@/widgets/manifest';
import { activity } from './activity/page';
import { apidocs } from './apidocs/page';
import { gpus } from './gpus/page';
import { groups } from './groups/page';
import { networks } from './networks/page';
import { nodes } from './nodes/page';
import { overview } from './overview/page';
import { settings } from './settings/page';
import { storage } from './storage/page';
import { templates } from './templates/page';
import { vms } from './vms/page';

export const pages: readonly Manifest[] = [overview, vms, templates, gpus, groups, storage, networks, activity, nodes, settings, apidocs];
