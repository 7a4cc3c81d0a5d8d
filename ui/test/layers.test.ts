// SPDX-License-Identifier: Apache-2.0
// Plants imports that must not be, and asks eslint with the page's own configuration.
import { ESLint } from 'eslint';
import { describe, expect, it, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000 }); // eslint takes seconds to load
const eslint = new ESLint();

/** What eslint says of a file of that name with that text, as far as layers go. */
async function faults(filePath: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath });
  return (result?.messages ?? []).filter((one) => one.ruleId === 'facet/layers').map((one) => one.message);
}

describe('layers', () => {
  it.each([
    ['src/shell/Plant.ts', "import '@/app';"],
    ['src/pages/vms/Plant.ts', "import '@/shell/Shell';"],
    ['src/widgets/Plant.ts', "import '@/pages';"],
    ['src/widgets/plan/Plant.ts', "import '../../pages/gpus/CardPage';"],
    ['src/api/plant.ts', "import type { Toast } from '@/widgets/Toasts';"],
    ['src/lib/plant.ts', "import '../api/client';"],
    ['src/strings/plant.ts', "export * from '@/lib/format';"],
    ['src/contract/plant.ts', "import '@/strings';"],
    ['src/lib/plant.ts', "export const late = () => import('@/pages/vms/VmsPage');"],
    ['src/lib/plant.ts', "export type Late = import('@/api/client').ApiError;"],
    ['src/other/plant.ts', "import '@/lib/format';"],
  ])('%s may not say %s', async (file, text) => {
    expect(await faults(file, text)).toHaveLength(1);
  });

  it.each([
    ['src/pages/vms/Plant.ts', "import '@/pages/gpus/CardPage';"],
    ['src/pages/vms/wizard/Plant.ts', "import '../../templates/input';"],
    ['src/pages/vms/Plant.ts', "import '@/pages';"],
    ['src/pages/vms/page.ts', "export const late = () => import('../gpus/CardPage');"],
  ])('%s may not take from another page: %s', async (file, text) => {
    expect((await faults(file, text))[0]).toContain('another page');
  });

  it.each([
    ['src/app.tsx', "import '@/pages'; import './shell/Shell';"],
    ['src/shell/Plant.ts', "import '@/pages'; import '@/pages/vms/page';"],
    ['src/pages/index.ts', "import './vms/page'; import './gpus/page';"],
    ['src/pages/vms/wizard/Plant.ts', "import '../cut'; import '@/widgets/fields'; import '@/api/client'; import 'react';"],
    ['src/api/plant.ts', "import '@/lib/format'; import '@/strings'; import '@/contract/types';"],
    ['test/plant.test.ts', "import '@/app';"],
  ])('%s may say %s', async (file, text) => {
    expect(await faults(file, text)).toEqual([]);
  });
});
