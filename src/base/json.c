/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <stdlib.h>

json_t *fct_reading_to_json(FctReading reading)
{
    return reading.have ? json_real(reading.value) : json_null();
}

FctReading fct_reading_from_json(const json_t *json)
{
    if (!json_is_number(json))
        return (FctReading){FALSE, 0};
    return (FctReading){TRUE, json_number_value(json)};
}

const char *fct_json_str(const json_t *json, const char *key, const char *fallback)
{
    const json_t *member = json_object_get(json, key);
    return json_is_string(member) ? json_string_value(member) : fallback;
}

gint64 fct_json_int(const json_t *json, const char *key, gint64 fallback)
{
    const json_t *member = json_object_get(json, key);
    return json_is_integer(member) ? (gint64)json_integer_value(member) : fallback;
}

gboolean fct_json_bool(const json_t *json, const char *key, gboolean fallback)
{
    const json_t *member = json_object_get(json, key);
    return json_is_boolean(member) ? json_is_true(member) : fallback;
}

json_t *fct_json_parse(const char *text, gsize length, GError **error)
{
    json_error_t fault;
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &fault);
    if (!json)
        fct_set_error(error, FCT_ERROR_BAD_REQUEST, "The JSON is not valid: %s (line %d, column %d).", fault.text,
                      fault.line, fault.column);
    return json;
}

static char *json_dump_text(const json_t *json, size_t flags)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | flags);
    char *copy = g_strdup(text);
    free(text);
    return copy;
}

char *fct_json_text(const json_t *json)
{
    return json_dump_text(json, JSON_SORT_KEYS);
}

char *fct_json_text_unsorted(const json_t *json)
{
    return json_dump_text(json, 0);
}
