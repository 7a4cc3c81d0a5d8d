/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of networks that change something; network.c has those that look. */
#pragma once
#include "cli/cli.h"

extern const FctVerb fct_network_changes[]; /* ends with words NULL */
