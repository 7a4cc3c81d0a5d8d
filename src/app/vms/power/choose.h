/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts that a VM would get, and why it cannot start, from one reading of cards, groups and holds. Waits for the
 * disk, and for the helper when the cards are to be observed anew. Not on the thread that serves HTTP.
 */
#pragma once
#include "app/gpus/holds.h"
#include "app/shared/context.h"

/* One reading of the parts, for as many VMs as the caller has. */
typedef struct FctVmOffer FctVmOffer;
/* @fresh: observe the cards now instead of using the newest observation. */
FctVmOffer *fct_vm_offer_new(FctApp *app, gboolean fresh, GError **error);
void fct_vm_offer_free(FctVmOffer *offer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVmOffer, fct_vm_offer_free)
/*
 * Checks that a VM that is to start as soon as it is made would get its parts, as far as is known now.
 * FCT_ERROR_REFUSED with verdicts.
 */
gboolean fct_vm_check_devices(FctApp *app, const FctVm *vm, GError **error);
/*
 * Why the VM cannot start now (FctVerdict*), and the parts that it would get (FctHold*, not reserved yet). @active: it
 * runs. Uses what state/facts.h last saw of the host: call fct_vm_facts_refresh first if you are about to act on it.
 */
void fct_vm_preflight(FctApp *app, const FctVmOffer *offer, const FctVm *vm, gboolean active, GPtrArray **ret_verdicts,
                      GPtrArray **ret_picks);
/* FCT_ERROR_BAD_REQUEST naming "devices" when a device asks for a group that does not exist. */
gboolean fct_vm_check_groups(const FctVmOffer *offer, const FctVm *vm, GError **error);
/* TRUE when the card is there and answers. */
gboolean fct_vm_offer_sees(const FctVmOffer *offer, const char *gpu);
gboolean fct_vm_offer_has_group(const FctVmOffer *offer, const char *group);
const char *fct_vm_offer_group_name(const FctVmOffer *offer, const char *group);
/* A part as the API gives it, with its present state; NULL when no part has that id. New reference. */
json_t *fct_vm_offer_part(const FctVmOffer *offer, const char *part);
/* The label is what the guest can show: "NVIDIA A100 80GB PCIe 3g.40gb". */
FctVmDevice *fct_vm_device_for(const FctHold *hold, guint index);
/* Adds to @writes that no plan runs on the cards of @holds: else the transaction fails. */
void fct_vm_guard_plans(FctWrites *writes, const GPtrArray *holds);
