/* SPDX-License-Identifier: Apache-2.0 */
#include "app/storage/volumes.h"

char *fct_volume_sum_key(const char *id)
{
    return g_strconcat("upload-sum/", id, NULL);
}

json_t *fct_volume_upload_sum(FctApp *app, const char *id)
{
    g_autofree char *key = fct_volume_sum_key(id);
    g_autoptr(FctDoc) doc = app->store->ops->get(app->store, key, NULL);
    const char *sha256 = doc ? fct_json_str(doc->value, "sha256", NULL) : NULL;
    return sha256 ? json_string(sha256) : json_null();
}
