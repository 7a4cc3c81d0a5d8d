/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about the host's network and changes of it, each in a child of its own, since reading many routes takes its
 * time. Main context only.
 */
#pragma once
#include "host/helper_child.h"

/* The child's @result, or @error. */
typedef void (*FctNetDone)(json_t *result, const GError *error, gpointer data);
/*
 * @what: "look", "vlan.make", "vlan.take" or "vlan.keep". @done is called once, from the main context. @args are
 * copied.
 */
void fct_net_ask(const FctHelperConfig *config, const char *what, const json_t *args, FctNetDone done, gpointer data);

/* Makes the recorded VLAN interfaces again, now and whenever one is missing, until it is freed. */
typedef struct FctNetKeeper FctNetKeeper;
FctNetKeeper *fct_net_keeper_new(const FctHelperConfig *config);
void fct_net_keeper_free(FctNetKeeper *keeper);
