/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about the host's network, each in a child of its own: a dump of many routes takes its time. */
#pragma once
#include "host/helper_child.h"

/* @result of the child, or @error. */
typedef void (*FctNetDone)(json_t *result, const GError *error, gpointer data);
/* @done is called once, from the main context. @args as on the wire; copied. */
void fct_net_ask(const FctHelperConfig *config, const json_t *args, FctNetDone done, gpointer data);
