/* SPDX-License-Identifier: Apache-2.0 */
/* Small helpers over Jansson: scope cleanup, reading with errors that name the field, presence-aware numbers. */
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

/* The same for input of a person or program: FCT_ERROR_BAD_REQUEST whose details are {"field": key}. */
gboolean fct_json_need_str(const json_t *json, const char *key, const char **ret, GError **error);
gboolean fct_json_need_int(const json_t *json, const char *key, gint64 min, gint64 max, gint64 *ret, GError **error);
/* As fct_json_need_str, of one that may be left out: then *ret stays as it is. */
gboolean fct_json_want_str(const json_t *json, const char *key, const char **ret, GError **error);
/* The same error for a member that @known (ends with NULL) does not list. */
gboolean fct_json_only(const json_t *json, const char *const *known, GError **error);

/* Parses a whole document; FCT_ERROR_BAD_REQUEST on any fault. New reference. */
json_t *fct_json_parse(const char *text, gsize length, GError **error);
/* Compact text with sorted keys. Free with g_free. */
char *fct_json_text(const json_t *json);
/* The same with keys as they come, for large answers. */
char *fct_json_text_unsorted(const json_t *json);
