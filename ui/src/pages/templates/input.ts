// SPDX-License-Identifier: Apache-2.0
// What a template keeps, as far as the page shows it: a VmInput with anything left out.
import type { Template, VmInput } from '@/api/types';

export type TemplateVm = Partial<Omit<VmInput, 'name' | 'template' | 'start'>>;

export const inputOf = (template: Template) => template.input as TemplateVm;
