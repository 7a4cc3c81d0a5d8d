/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a guest reads at its first boot, as text. Pure. Free all results with g_free. */
#pragma once
#include "model/first_boot.h"

/*
 * User data for cloud-init's data source NoCloud. It is JSON, which is YAML too, so nothing that a person typed can
 * change its meaning.
 */
char *fct_cloud_user_data(const FctFirstBoot *boot);
/* @host_name: of fct_cloud_host_name. */
char *fct_cloud_meta_data(const FctFirstBoot *boot, const char *host_name);
/*
 * Network configuration, version 2. NICs are found by their MAC: the first gets the address that was asked for, all
 * others use DHCP. @macs ends with NULL; the result is NULL when there is no NIC.
 */
char *fct_cloud_network_config(const FctFirstBoot *boot, const char *const *macs);

/*
 * Autounattend.xml for Setup of Windows 10, 11 and Server (amd64): it wipes the first disk. @virtio: a CD with
 * virtio-win is attached, its drivers and tools are used. What Setup demands of the machine (TPM) is not got around.
 */
char *fct_windows_answers(const FctFirstBoot *boot, const char *computer_name, gboolean uefi, gboolean virtio);

/*
 * What the guest is called: the name that was asked for (@boot may be NULL), else what RFC 1123 allows of the VM's
 * name, and "vm-" with the beginning of its id where nothing of that is left.
 */
char *fct_cloud_host_name(const FctFirstBoot *boot, const char *vm, const char *id);
/* The host name for Windows: at most 15 letters, digits and dashes, not only digits. */
char *fct_windows_computer_name(const char *vm, const char *id);
