// SPDX-License-Identifier: Apache-2.0
// What a volume can be, and which ones a VM can be given.
import type { Volume } from '@/contract/types';

export const DISK_FORMATS = ['raw', 'qcow2'] as const;
/** Those of other programs, which are converted. */
export const FOREIGN_FORMATS = ['vmdk', 'vdi', 'vpc', 'qed', 'qcow'] as const;
export type DiskFormat = (typeof DISK_FORMATS)[number];
export type AnyFormat = DiskFormat | (typeof FOREIGN_FORMATS)[number];

export const diskFormat = (value: string): DiskFormat | undefined => DISK_FORMATS.find((one) => one === value);
export const anyFormat = (value: string): AnyFormat | undefined => [...DISK_FORMATS, ...FOREIGN_FORMATS].find((one) => one === value);

/** What is no disk is known by its name here, or refused when it is looked at. */
export const isFreeDisk = (volume: Volume) =>
  volume.used_by.length === 0 && volume.state === 'ready' && (volume.format !== '' || !/\.(iso|mem)$/i.test(volume.name));
