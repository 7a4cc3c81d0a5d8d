/* SPDX-License-Identifier: Apache-2.0 */
#include "base/read.h"

gboolean fct_read_refuse(GError **error, const char *field, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *sentence = g_strdup_vprintf(format, ap);
    va_end(ap);
    return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", field), "%s", sentence);
}

gboolean fct_read_str(const json_t *json, const char *key, const char **ret, GError **error)
{
    const json_t *member = json_object_get(json, key);
    if (!json_is_string(member))
        return fct_read_refuse(error, key, "The field “%s” must be a text.", key);
    *ret = json_string_value(member);
    return TRUE;
}

gboolean fct_read_int(const json_t *json, const char *key, gint64 min, gint64 max, gint64 *ret, GError **error)
{
    const json_t *member = json_object_get(json, key);
    if (!json_is_integer(member) || json_integer_value(member) < min || json_integer_value(member) > max)
        return fct_read_refuse(
            error, key, "The field “%s” must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ".", key,
            min, max);
    *ret = json_integer_value(member);
    return TRUE;
}

gboolean fct_read_opt_str(const json_t *json, const char *key, const char **ret, GError **error)
{
    return !json_object_get(json, key) || fct_read_str(json, key, ret, error);
}

gboolean fct_read_opt_flag(const json_t *json, const char *key, gboolean *ret, GError **error)
{
    const json_t *flag = json_object_get(json, key);
    if (flag && !json_is_boolean(flag))
        return fct_read_refuse(error, key, "The field “%s” must be true or false.", key);
    if (flag)
        *ret = json_is_true(flag);
    return TRUE;
}

gboolean fct_read_opt_word(const json_t *json, const char *key, const char *const *words, char **ret, GError **error)
{
    const char *text = NULL;
    if (!json_object_get(json, key))
        return TRUE;
    if (!fct_read_str(json, key, &text, error))
        return FALSE;
    if (!g_strv_contains(words, text)) {
        g_autofree char *all = g_strjoinv(", ", (char **)words);
        return fct_read_refuse(error, key, "“%s” must be one of: %s.", key, all);
    }
    g_free(*ret);
    *ret = g_strdup(text);
    return TRUE;
}

static const char *unknown_of(const json_t *json, const char *const *known)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)json, key, value)
        if (!g_strv_contains(known, key))
            return key;
    return NULL;
}

gboolean fct_read_only(const json_t *json, const char *const *known, GError **error)
{
    const char *key = unknown_of(json, known);
    return !key || fct_read_refuse(error, key, "The field “%s” is not known here.", key);
}

gboolean fct_read_only_or(const json_t *json, const char *const *known, const char *sentence, GError **error)
{
    const char *key = unknown_of(json, known);
    return !key || fct_read_refuse(error, key, "%s", sentence);
}
