/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fields.h"

#include "model/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

G_DEFINE_QUARK(fsim - error - quark, fsim_error)

void fsim_fields_begin(FsimFields *f, const char *file, const char *where, json_t *object)
{
    memset(f, 0, sizeof *f);
    f->file = file;
    f->where = g_strdup(where);
    f->object = json_is_object(object) ? object : NULL;
    f->asked = g_hash_table_new(g_str_hash, g_str_equal);
    if (!f->object)
        g_set_error(&f->error, FSIM_ERROR, FSIM_ERROR_FIELD, "%s: %s must be an object { … }", file,
                    *where ? where : "the file");
}

char *fsim_fields_path(const FsimFields *f, const char *name, gssize index)
{
    g_autofree char *number = index < 0 ? g_strdup("") : g_strdup_printf("[%" G_GSSIZE_FORMAT "]", index);
    return g_strdup_printf("%s%s%s%s", f->where, *f->where ? "." : "", name, number);
}

void fsim_fields_fail(FsimFields *f, const char *name, const char *format, ...)
{
    if (f->error)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *path = fsim_fields_path(f, name, -1);
    g_set_error(&f->error, FSIM_ERROR, FSIM_ERROR_FIELD, "%s: %s: %s", f->file, path, what);
}

gboolean fsim_fields_end(FsimFields *f, GError **error)
{
    const char *key;
    json_t *value;
    json_object_foreach (f->object, key, value) {
        /* "note" may stand in any object, for the reader of the file. */
        if (!g_hash_table_contains(f->asked, key) && strcmp(key, "note") != 0)
            fsim_fields_fail(f, key, "unknown field; see sim/README.md for those there are");
    }
    g_hash_table_destroy(f->asked);
    g_free(f->where);
    if (!f->error)
        return TRUE;
    g_propagate_error(error, f->error);
    return FALSE;
}

static json_t *get(FsimFields *f, const char *name, gboolean required)
{
    g_hash_table_add(f->asked, (gpointer)name);
    json_t *value = f->object ? json_object_get(f->object, name) : NULL;
    if (!value && required)
        fsim_fields_fail(f, name, "is missing");
    return value;
}

const char *fsim_field_string(FsimFields *f, const char *name, const char *fallback)
{
    json_t *value = get(f, name, fallback == NULL);
    if (value && !json_is_string(value))
        fsim_fields_fail(f, name, "must be a string");
    const char *text = json_string_value(value);
    return text ? text : fallback ? fallback : "";
}

void fsim_field_copy(FsimFields *f, const char *name, const char *fallback, char *out, gsize size)
{
    const char *text = fsim_field_string(f, name, fallback);
    if (g_strlcpy(out, text, size) >= size)
        fsim_fields_fail(f, name, "is longer than %" G_GSIZE_FORMAT " characters", size - 1);
}

/* Reads a number in either spelling; FALSE (and an error) when it is none. */
static gboolean parse(FsimFields *f, const char *name, json_t *value, gint64 *out)
{
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return TRUE;
    }
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        char *end;
        errno = 0;
        *out = g_ascii_strtoll(text, &end, 0);
        if (end != text && *end == '\0' && errno == 0)
            return TRUE;
    }
    fsim_fields_fail(f, name, "must be a number, or a string such as \"0x10de\"");
    return FALSE;
}

gint64 fsim_field_int_or(FsimFields *f, const char *name, gint64 min, gint64 max, gint64 fallback)
{
    json_t *value = get(f, name, FALSE);
    gint64 number;
    if (!value || !parse(f, name, value, &number))
        return fallback;
    if (number >= min && number <= max)
        return number;
    fsim_fields_fail(f, name, "must be from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ", not %" G_GINT64_FORMAT, min,
                     max, number);
    return fallback;
}

guint64 fsim_field_uint_or(FsimFields *f, const char *name, guint64 min, guint64 max, guint64 fallback)
{
    return (guint64)fsim_field_int_or(f, name, (gint64)min, (gint64)max, (gint64)fallback);
}

guint64 fsim_field_uint(FsimFields *f, const char *name, guint64 min, guint64 max)
{
    return get(f, name, TRUE) ? fsim_field_uint_or(f, name, min, max, min) : min;
}

gboolean fsim_field_bool_or(FsimFields *f, const char *name, gboolean fallback)
{
    json_t *value = get(f, name, FALSE);
    if (value && !json_is_boolean(value))
        fsim_fields_fail(f, name, "must be true or false");
    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

json_t *fsim_field_object(FsimFields *f, const char *name, gboolean required)
{
    json_t *value = get(f, name, required);
    if (value && !json_is_object(value))
        fsim_fields_fail(f, name, "must be an object { … }");
    return json_is_object(value) ? value : NULL;
}

json_t *fsim_field_array(FsimFields *f, const char *name, gboolean required)
{
    json_t *value = get(f, name, required);
    if (value && !json_is_array(value))
        fsim_fields_fail(f, name, "must be a list [ … ]");
    return json_is_array(value) ? value : NULL;
}
