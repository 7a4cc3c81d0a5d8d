/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the fields of a JSON object with messages that name the field. The first error sticks: later reads give
 * their default, and fsim_fields_end reports it, or the first field that nobody asked for (a misspelt name).
 */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef struct FsimFields {
    const char *file; /* for messages; not owned */
    char *where;      /* "devices[2]"; empty at the top */
    json_t *object;   /* borrowed */
    GHashTable *asked;
    GError *error;
} FsimFields;

/* A NULL or non-object value is an error of the fields. */
void fsim_fields_begin(FsimFields *f, const char *file, const char *where, json_t *object);
gboolean fsim_fields_end(FsimFields *f, GError **error);

/* "devices[2].bars[0]"; `index` -1 for none. To be freed. */
char *fsim_fields_path(const FsimFields *f, const char *name, gssize index);
void fsim_fields_fail(FsimFields *f, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The string is borrowed from the JSON. `fallback` NULL makes the field required. */
const char *fsim_field_string(FsimFields *f, const char *name, const char *fallback);
/* As above into a fixed buffer; too long is an error. */
void fsim_field_copy(FsimFields *f, const char *name, const char *fallback, char *out, gsize size);
/* A number, or a string with a hexadecimal one ("0x10de"). */
guint64 fsim_field_uint(FsimFields *f, const char *name, guint64 min, guint64 max);
guint64 fsim_field_uint_or(FsimFields *f, const char *name, guint64 min, guint64 max, guint64 fallback);
gint64 fsim_field_int_or(FsimFields *f, const char *name, gint64 min, gint64 max, gint64 fallback);
gboolean fsim_field_bool_or(FsimFields *f, const char *name, gboolean fallback);
/* An object or array, or NULL when absent and not required. */
json_t *fsim_field_object(FsimFields *f, const char *name, gboolean required);
json_t *fsim_field_array(FsimFields *f, const char *name, gboolean required);
