/* SPDX-License-Identifier: Apache-2.0 */
#include "app/shared/password_hash.h"

#include <crypt.h>
#include <string.h>

#define ROUNDS 65536

char *fct_password_crypt(const char *password, GError **error)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    g_autofree struct crypt_data *work = g_new0(struct crypt_data, 1); /* 32 KiB: too much for a worker's stack */
    char *hash = NULL;
    if (crypt_gensalt_rn("$6$", ROUNDS, NULL, 0, setting, sizeof setting))
        hash = g_strdup(crypt_r(password, setting, work));
    memset(work, 0, sizeof *work);
    __asm__ volatile("" ::: "memory"); /* a call that the compiler may not leave out */
    if (hash && g_str_has_prefix(hash, "$6$"))
        return hash;
    g_free(hash);
    fct_set_error(error, FCT_ERROR_INTERNAL, "The password cannot be hashed on this host.");
    return NULL;
}
