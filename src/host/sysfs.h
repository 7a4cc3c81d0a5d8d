/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a host's /sys and /proc below a root directory ("/" on a real host). Reads are bounded in size. They may
 * block where a driver does, so they run only in the helper's children.
 */
#pragma once
#include "model/inventory.h"

/* Text without trailing white space, at most 64 KiB; NULL when it cannot be read. Free with g_free. */
char *fct_sysfs_text(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same, "" instead of NULL. */
char *fct_sysfs_text_or_empty(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Last part of a symbolic link's target: the name of a driver, of an IOMMU group. NULL when there is no link. */
char *fct_sysfs_link(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Names in a directory, sorted; empty when there is none. Strings. */
GPtrArray *fct_sysfs_list(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);
gboolean fct_sysfs_exists(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* First @size bytes of a binary file; how many were read, -1 on failure. */
gssize fct_sysfs_bytes(const char *root, const char *path, void *buffer, gsize size);

/* Host name, boot id, DMI, kernel, processors, memory, IOMMU. */
void fct_sysfs_host(const char *root, FctInventory *inventory);
/*
 * Cards: every function of vendor 10de and class 03xx that is no virtual function, one a slot, with the functions of
 * its slot and of its IOMMU group; NVSwitches are counted.
 */
void fct_sysfs_cards(const char *root, FctInventory *inventory);
/*
 * State and mode as far as sysfs tells: a card whose configuration space reads as ones is LOST, one without a driver
 * UNMANAGED, one on vfio-pci in mode passthrough. Reads the card itself, so not for one that is wedged.
 */
void fct_sysfs_judge(const char *root, FctGpu *gpu);
/*
 * TRUE when the kernel has said in this boot that NVIDIA's driver was to let go of the card while it was in use: that
 * never ends. FALSE too when the kernel's log may not be read.
 */
gboolean fct_sysfs_remove_hangs(const char *root, const char *address);
/*
 * Adds to each card the processes that have a node of it open (/dev/nvidiaN, its /dev/dri nodes, its VFIO group),
 * unless they are there already. Facet's own helper processes are left out. @minors: card id → minor number + 1.
 * @progress is called for each process of the host and each of its descriptors: a busy host has many.
 */
void fct_sysfs_holders(const char *root, FctInventory *inventory, GHashTable *minors, void (*progress)(gpointer data),
                       gpointer data);

/* Processor times since boot, for the load between two moments. */
typedef struct {
    guint64 busy, total;
} FctCpuTimes;
gboolean fct_sysfs_cpu_times(const char *root, FctCpuTimes *ret);
/* MemTotal and MemTotal - MemAvailable in MiB. */
gboolean fct_sysfs_memory(const char *root, gint64 *ret_total_mib, gint64 *ret_used_mib);
