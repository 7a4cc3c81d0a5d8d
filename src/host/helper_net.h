/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of the host's network and done to it, each in a child of its own: a dump of many routes takes its time.
 */
#pragma once
#include "host/helper_child.h"

/* @result of the child, or @error. */
typedef void (*FctNetDone)(json_t *result, const GError *error, gpointer data);
/* @what: "look", "vlan.make", "vlan.take" or "vlan.keep". @done is called once, from the main context. @args are
 * copied. */
void fct_net_ask(const FctHelperConfig *config, const char *what, const json_t *args, FctNetDone done, gpointer data);

/* Makes the VLAN interfaces again that are written down, now and whenever one is missing, until it is freed. */
typedef struct FctNetKeeper FctNetKeeper;
FctNetKeeper *fct_net_keeper_new(const FctHelperConfig *config);
void fct_net_keeper_free(FctNetKeeper *keeper);
