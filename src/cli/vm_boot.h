/* SPDX-License-Identifier: Apache-2.0 */
/* What the client asks of a guest's first boot. */
#pragma once
#include "cli/cli.h"

typedef struct {
    char *user, *hostname, *address, *gateway, *user_data;
    char **keys, **packages; /* keys: files */
    gboolean password;       /* on stdin */
} FctBootOptions;

void fct_boot_options_clear(FctBootOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FctBootOptions, fct_boot_options_clear)
/* Puts "cloud_init" into @body when something of it was asked for. FALSE: *ret_status is the exit status. */
gboolean fct_boot_options_put(const FctBootOptions *options, json_t *body, int *ret_status);
