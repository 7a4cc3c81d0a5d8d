/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VM is told when it starts for the first time, by cloud-init or by Windows Setup. Pure; one thread at a time
 * uses an FctFirstBoot.
 */
#pragma once
#include "base/json.h"

typedef enum { FCT_FIRST_BOOT_CLOUD_INIT, FCT_FIRST_BOOT_WINDOWS } FctFirstBootKind;

/* Strings are owned and never NULL; "" means: not asked for. */
typedef struct {
    FctFirstBootKind kind;
    char *user;
    char *password, *product_key; /* in the clear: in memory only, never in a document */
    /* cloud-init */
    char *hash;     /* of the password, as crypt(3) writes it */
    char *instance; /* instance id: cloud-init does its work once for each */
    char *hostname; /* "": the VM's name */
    char **ssh_keys, **packages, **dns;
    char *address; /* of the first NIC, "10.0.0.5/24"; "": by DHCP */
    char *gateway;
    char *user_data; /* the whole text, in place of user, password, keys and packages */
    /* Windows */
    char *language, *time_zone, *organization, *edition;
    /*
     * The guest has had its data, and the secrets were removed. These remember that there was a password, or a text of
     * one's own.
     */
    gboolean spent, had_password, had_user_data;
} FctFirstBoot;

void fct_first_boot_free(FctFirstBoot *boot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctFirstBoot, fct_first_boot_free)

/*
 * Reads the members "cloud_init" and "windows" of a VmInput. NULL without an error when there is neither;
 * FCT_ERROR_BAD_REQUEST names the field ("cloud_init.user"). The caller fills in `hash` and `instance`.
 */
FctFirstBoot *fct_first_boot_from_input(const json_t *input, GError **error);

/* Whether the gateway is in the network of the address, or reachable on every link. */
gboolean fct_first_boot_gateway_is_near(const FctFirstBoot *boot);

/* As it is stored. JSON null for NULL. */
json_t *fct_first_boot_to_doc(const FctFirstBoot *boot);
/* NULL when the document has none. */
FctFirstBoot *fct_first_boot_from_doc(const json_t *doc);
/* The same wish for another VM: without secrets, and without what belongs to one VM, host name and address. */
json_t *fct_first_boot_to_input(const FctFirstBoot *boot);
/* As the API shows it: without the hash and the text of user_data. JSON null for the other kind. */
json_t *fct_first_boot_view(const FctFirstBoot *boot, FctFirstBootKind kind);
