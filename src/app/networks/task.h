/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done to networks, so that no crash leaves half of it. An act stands in the store as "network-act/<name>" from
 * before its first effect until its end: nobody else acts on that network meanwhile, and the next start of facetd goes
 * on with what it finds there. Changing and deleting are tasks; making is short, and is settled at the start.
 */
#pragma once
#include "app/networks/networks.h"
#include "core/network_plan.h"

/* Makes the task and starts it. What @plan says was judged already. FCT_ERROR_CONFLICT while another act is under way.
 */
FctTask *fct_network_change_start(FctApp *app, const char *user, const FctNetwork *present, const FctNetwork *wanted,
                                  const FctNetworkPlan *plan, const json_t *input, GError **error);
/* For fct_tasks_on_recover: goes on with a task "network.change" or "network.delete". @data is the FctApp. */
void fct_networks_recover(FctTask *task, gpointer data);

/* ---- networks/delete.c ---- */
/* Makes the task and starts it; judged already. FCT_ERROR_CONFLICT while another act is under way. */
FctTask *fct_network_delete_start(FctApp *app, const char *user, const FctNetwork *network, GError **error);
/* @doc: the note of the act. */
void fct_network_delete_recover(FctTask *task, FctApp *app, const json_t *doc);

/* ---- networks/act.c ---- */
char *fct_network_act_key(const char *name);
/* @fault of the commit that begins an act, taken over; FALSE. */
gboolean fct_network_act_refused(const char *name, GError *fault, GError **error);
/* Nothing is under way on it. FCT_ERROR_CONFLICT. */
gboolean fct_network_act_idle(FctApp *app, const char *name, GError **error);
/* Before making it, under fct_network_cache_lock. FCT_ERROR_CONFLICT as above. */
gboolean fct_network_act_begin(FctApp *app, const FctNetwork *wanted, GError **error);
void fct_network_act_end(FctApp *app, const char *name);
/* @network's part of what others must leave alone meanwhile, as NetworkInputs. */
void fct_network_place_add(json_t *places, const FctNetwork *network);
/*
 * Takes away the VLAN's interface @device that network @name was on, unless another network is on it: *ret_kept then
 * says so. "" is no interface. Free it with g_free.
 */
gboolean fct_network_device_drop(FctApp *app, const char *name, const char *device, char **ret_kept, GError **error);
/* A VM of ours has a NIC in it. What cannot be looked at counts as yes. */
gboolean fct_network_has_vms(FctApp *app, const char *name);
/*
 * It is not being deleted, and @writes (may be NULL) fail with FCT_ERROR_REVISION if it is by their commit.
 * FCT_ERROR_CONFLICT: it is, so nobody may be attached to it any more.
 */
gboolean fct_network_act_stays(FctApp *app, const char *name, FctWrites *writes, GError **error);
/* What facetd ended in while it was made: nothing of it stays. Once, when libvirt answers. */
void fct_network_acts_settle(FctApp *app);
/* FctNetwork*: where networks other than @own that are being changed are and shall be: subnets, and
 * interfaces of VLANs. */
GPtrArray *fct_network_acts_coming(FctApp *app, const char *own, GError **error);
