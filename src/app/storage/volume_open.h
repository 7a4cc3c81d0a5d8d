/* SPDX-License-Identifier: Apache-2.0 */
/* What is opened, and with which layers below: by records alone. Any thread but the one that serves HTTP. */
#pragma once
#include "app/domains/vm_doc.h"
#include "app/shared/context.h"
#include "model/volume_record.h"

/*
 * The format and all layers below of a disk or file, by records alone: FCT_ERROR_REFUSED when one of the chain has
 * none, is not whole or leads out of its pool. What is in the file library, or a drive without a medium, is raw and
 * stands on nothing.
 */
gboolean fct_record_fill_disk(FctApp *app, FctVmDisk *disk, GError **error);
/* The same by the records alone, which waits for no libvirt: for whoever foresees it, of a thousand VMs at once. */
gboolean fct_record_judge_disk(FctApp *app, FctVmDisk *disk, GError **error);
gboolean fct_record_fill_files(FctApp *app, const GPtrArray *files, GError **error); /* FctChainFile* */
FctVmSpec *fct_record_spec(FctApp *app, const FctVm *vm, GError **error);            /* fct_vm_spec with filled disks */
/*
 * The same, or as the document has it where a disk may not be opened: for the release of a VM, which gives its first
 * definition back. Nothing is started or defined by it.
 */
FctVmSpec *fct_record_spec_told(FctApp *app, const FctVm *vm, GError **error);
/* The record that @backing ("<pool>:<name>", or a path) names; the errors of fct_record_fill_disk. @look: libvirt is
 * asked where it lies. */
FctVolumeRecord *fct_record_below(FctApp *app, const char *backing, gboolean look, GError **error);
/* FctLayer*: what @top stands on, down to the end. */
GPtrArray *fct_record_layers(FctApp *app, const FctVolumeRecord *top, gboolean look, GError **error);
