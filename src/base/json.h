/* SPDX-License-Identifier: Apache-2.0 */
/* Small helpers over Jansson: scope cleanup, members with a fallback, presence-aware numbers. Requests: base/read.h. */
#pragma once
#include "base/error.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/* A number that the hardware may not give. `have` FALSE means unknown, which is not zero; on the wire it is null. */
typedef struct {
    gboolean have;
    double value;
} FctReading;

json_t *fct_reading_to_json(FctReading reading);
FctReading fct_reading_from_json(const json_t *json);

/* Member access on an object; a missing or ill-typed member gives the fallback. Strings belong to @json. */
const char *fct_json_str(const json_t *json, const char *key, const char *fallback);
gint64 fct_json_int(const json_t *json, const char *key, gint64 fallback);
gboolean fct_json_bool(const json_t *json, const char *key, gboolean fallback);

/* Parses a whole document; FCT_ERROR_BAD_REQUEST on any fault. New reference. */
json_t *fct_json_parse(const char *text, gsize length, GError **error);
/* Compact text with sorted keys. Free with g_free. */
char *fct_json_text(const json_t *json);
/* The same with keys as they come, for large answers. */
char *fct_json_text_unsorted(const json_t *json);
