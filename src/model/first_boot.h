/* SPDX-License-Identifier: Apache-2.0 */
/* What a VM is told when it starts for the first time: by cloud-init, or by Windows' setup. Pure; of one thread. */
#pragma once
#include "base/json.h"

typedef enum { FCT_FIRST_BOOT_CLOUD_INIT, FCT_FIRST_BOOT_WINDOWS } FctFirstBootKind;

/* Strings are never NULL and owned; "" is: not asked for. */
typedef struct {
    FctFirstBootKind kind;
    char *user;
    char *password, *product_key; /* plain: in memory only, never in a document */
    /* cloud-init */
    char *hash;     /* of the password, as crypt(3) writes it */
    char *instance; /* cloud-init does its work once for each */
    char *hostname; /* "": the VM's name */
    char **ssh_keys, **packages, **dns;
    char *address; /* of the first NIC, "10.0.0.5/24"; "": by DHCP */
    char *gateway;
    char *user_data; /* the whole text, instead of user, password, keys and packages */
    /* Windows */
    char *language, *time_zone, *organization, *edition;
    /* The guest has had it, and what was secret is kept no longer: that there was a password, or a text of its own. */
    gboolean spent, had_password, had_user_data;
} FctFirstBoot;

void fct_first_boot_free(FctFirstBoot *boot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctFirstBoot, fct_first_boot_free)

/*
 * From the members "cloud_init" and "windows" of a VmInput. NULL without an error when there is neither;
 * FCT_ERROR_BAD_REQUEST names the field ("cloud_init.user"). `hash` and `instance` are left for the caller.
 */
FctFirstBoot *fct_first_boot_from_input(const json_t *input, GError **error);

/* Whether its gateway is in the network of its address, or found on every link. */
gboolean fct_first_boot_gateway_is_near(const FctFirstBoot *boot);

/* What is stored. JSON null for NULL. */
json_t *fct_first_boot_to_doc(const FctFirstBoot *boot);
/* NULL when the document has none. */
FctFirstBoot *fct_first_boot_from_doc(const json_t *doc);
/* What another VM can be asked the same with: without secrets, and without what is one VM's: host name, address. */
json_t *fct_first_boot_to_input(const FctFirstBoot *boot);
/* As the API shows it: neither the hash nor the text of user_data. JSON null when it is not of that kind. */
json_t *fct_first_boot_view(const FctFirstBoot *boot, FctFirstBootKind kind);
