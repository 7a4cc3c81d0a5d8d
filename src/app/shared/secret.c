/* SPDX-License-Identifier: Apache-2.0 */
#include "app/shared/secret.h"

#include <sodium.h>

char *fct_secret_new(const char *prefix)
{
    guint8 bytes[32];
    char text[sodium_base64_ENCODED_LEN(sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(text, sizeof text, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return g_strconcat(prefix, text, NULL);
}

char *fct_secret_digest(const char *secret)
{
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, secret, -1);
}
