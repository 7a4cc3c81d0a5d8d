/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work on networks that survives a crash. A note stands in the store as "network-act/<name>" from before the first
 * effect until the end: nobody else changes that network meanwhile, and the next start of facetd continues what it
 * finds noted. Changing and deleting are tasks; making is short, and a start of facetd undoes what was left half made.
 * Any thread but the main one, unless said otherwise.
 */
#pragma once
#include "app/networks/networks.h"
#include "core/network_plan.h"

/* Makes the task and starts it; @plan must have been judged. FCT_ERROR_CONFLICT while other work is under way. */
FctTask *fct_network_change_start(FctApp *app, const char *user, const FctNetwork *present, const FctNetwork *wanted,
                                  const FctNetworkPlan *plan, const json_t *input, GError **error);
/* For fct_tasks_on_recover: continues a task "network.change" or "network.delete". @data is the FctApp. */
void fct_networks_recover(FctTask *task, gpointer data);

/* ---- networks/delete.c ---- */
/*
 * Makes the task and starts it; the deletion must have been judged. FCT_ERROR_CONFLICT while other work is under way.
 */
FctTask *fct_network_delete_start(FctApp *app, const char *user, const FctNetwork *network, GError **error);
/* @doc: the note. */
void fct_network_delete_recover(FctTask *task, FctApp *app, const json_t *doc);

/* ---- networks/change_note.c ---- */
char *fct_network_change_key(const char *name);
/* Explains why the commit that begins the work failed. Takes @fault over. Returns FALSE. */
gboolean fct_network_change_refused(const char *name, GError *fault, GError **error);
/* TRUE when nothing is under way on the network; else FCT_ERROR_CONFLICT. */
gboolean fct_network_change_idle(FctApp *app, const char *name, GError **error);
/* Notes that the network is being made; call it under fct_network_cache_lock. FCT_ERROR_CONFLICT as above. */
gboolean fct_network_change_begin(FctApp *app, const FctNetwork *wanted, GError **error);
void fct_network_change_end(FctApp *app, const char *name);
/* Adds the places that @network takes, and that others must leave alone meanwhile, as NetworkInputs. */
void fct_network_place_add(json_t *places, const FctNetwork *network);
/*
 * Deletes the VLAN's interface @device of network @name, unless another network uses it: then *ret_kept (to be freed)
 * says so. @device "" means no interface.
 */
gboolean fct_network_device_drop(FctApp *app, const char *name, const char *device, char **ret_kept, GError **error);
/* Whether a VM of ours has a NIC in it. TRUE also when the VMs cannot be read. */
gboolean fct_network_has_vms(FctApp *app, const char *name);
/*
 * TRUE when the network is not being deleted; then @writes (may be NULL) fail with FCT_ERROR_REVISION if a deletion
 * begins before their commit. FCT_ERROR_CONFLICT: it is being deleted, so no VM may be attached to it.
 */
gboolean fct_network_change_stays(FctApp *app, const char *name, FctWrites *writes, GError **error);
/*
 * Removes what is left of networks whose making an earlier facetd did not finish. Call it once, when libvirt answers.
 */
void fct_network_changes_settle(FctApp *app);
/*
 * FctNetwork*: the places (subnets, interfaces of VLANs) that networks other than @own have or will have through
 * changes under way.
 */
GPtrArray *fct_network_changes_coming(FctApp *app, const char *own, GError **error);
