/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of what people send about a VM. FCT_ERROR_BAD_REQUEST names the field. Pure. */
#pragma once
#include "app/domains/vm_doc.h"

/* ---- vm_input_disks.c: what is asked for; names and paths are given later (disks/disks.c) ---- */
/* The drives of a VmInput: of its source, further disks, cdroms. */
gboolean fct_vm_read_drives(FctVm *vm, const json_t *input, GError **error);
/* A further disk of @vm, to be added to its list: {pool?, size_gib, bus?} or {volume: {pool, name}, bus?}. */
FctVmDisk *fct_vm_read_disk(const FctVm *vm, const json_t *json, GError **error);
/*
 * All its CD drives: [{target?, file?}]. Those that stay keep their target: they are the named ones, or, when none is
 * named, the first. A medium that is not named stays in a drive that is, or that is not of the library. First-boot data
 * is left alone.
 */
gboolean fct_vm_read_cdroms(FctVm *vm, const json_t *list, GError **error);
