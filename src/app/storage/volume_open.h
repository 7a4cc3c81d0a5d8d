/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which format a disk is opened, and with which layers below it: by records alone. Any thread but the one that
 * serves HTTP.
 */
#pragma once
#include "app/domains/vm_doc.h"
#include "app/shared/context.h"
#include "model/volume_record.h"

/*
 * Fills in the format of a disk or file and all layers below it, by records alone: FCT_ERROR_REFUSED when a file of the
 * chain has no record, is not complete, or leads out of its pool. Files of the library, and drives without a medium,
 * are raw and stand on nothing.
 */
gboolean fct_record_fill_disk(FctApp *app, FctVmDisk *disk, GError **error);
/* The same without asking libvirt, so it does not wait for libvirt: for forecasts of a thousand VMs at once. */
gboolean fct_record_judge_disk(FctApp *app, FctVmDisk *disk, GError **error);
gboolean fct_record_fill_files(FctApp *app, const GPtrArray *files, GError **error); /* FctChainFile* */
FctVmSpec *fct_record_spec(FctApp *app, const FctVm *vm, GError **error);            /* fct_vm_spec with filled disks */
/*
 * The same, except that a disk that may not be opened is as the document has it. Only for the release of a VM, which
 * gives its first definition back: nothing may be started or defined by it.
 */
FctVmSpec *fct_record_spec_told(FctApp *app, const FctVm *vm, GError **error);
/*
 * The record that @backing ("<pool>:<name>", or a path) names; fails like fct_record_fill_disk. @inspect: libvirt is
 * asked where the volume lies.
 */
FctVolumeRecord *fct_record_below(FctApp *app, const char *backing, gboolean inspect, GError **error);
/* FctLayer*: what @top stands on, from the nearest to the last. */
GPtrArray *fct_record_layers(FctApp *app, const FctVolumeRecord *top, gboolean inspect, GError **error);
