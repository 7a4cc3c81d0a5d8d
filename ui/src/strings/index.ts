// SPDX-License-Identifier: Apache-2.0
// Every sentence that people read, by page. One language for now; the shape is what a second one would fill in.
import { app, attention, errors, login, overview } from './app';
import { console } from './console';
import { actions, activity, settings, tasks } from './activity';
import { carve, gpu, groups, picture } from './gpus';
import { hardware } from './hardware';
import { limits } from './limits';
import { network } from './networks';
import { firstBoot, guest } from './firstboot';
import { pools, volumes } from './pools';
import { snapshot } from './snapshots';
import { files } from './storage';
import { adopt, autostart, templates } from './templates';
import { cuts, vm } from './vms';
import { wizard } from './wizard';

export const t = {
  app,
  attention,
  errors,
  login,
  overview,
  actions,
  activity,
  settings,
  tasks,
  console,
  carve,
  gpu,
  groups,
  files,
  firstBoot,
  guest,
  picture,
  pools,
  volumes,
  network,
  vm,
  snapshot,
  cuts,
  wizard,
  hardware,
  limits,
  templates,
  adopt,
  autostart,
};
