// SPDX-License-Identifier: Apache-2.0
export const limits = {
  vcpusMax: (most: number) => `QEMU on this host can give a VM at most ${most}.`,
  vcpusSlow: (threads: number) => `This host runs ${threads} vCPUs at once, so the VM will be slow.`,
  memoryMax: (has: string) => `This host has ${has} in all.`,
} as const;
