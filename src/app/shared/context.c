/* SPDX-License-Identifier: Apache-2.0 */
#include "app/shared/context.h"

#include <sodium.h>

gint64 fct_app_now_ms(void)
{
    return g_get_real_time() / 1000;
}

/* Time first, so that keys in a store are in the order of their making; then chance. */
char *fct_app_new_id(const char *prefix)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    char text[17];
    guint64 time = (guint64)fct_app_now_ms();
    for (int i = 8; i >= 0; i--, time /= 32)
        text[i] = digits[time % 32];
    for (int i = 9; i < 16; i++)
        text[i] = digits[randombytes_uniform(32)];
    text[16] = '\0';
    return g_strdup_printf("%s-%s", prefix, text);
}

void fct_app_stamp(const FctApp *app, json_t *object, const char *id, guint64 revision)
{
    json_object_set_new(object, "id", json_string(id));
    json_object_set_new(object, "node", json_string(app->config.node));
    json_object_set_new(object, "project", json_string(FCT_PROJECT));
    json_object_set_new(object, "revision", json_integer((json_int_t)revision));
}
