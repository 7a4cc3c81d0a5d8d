/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading what people and programs send. Each refusal is FCT_ERROR_BAD_REQUEST with details {"field": key}, so that a
 * page can show the sentence beside the field. All functions return FALSE when they refuse and then leave *ret alone.
 * Pure.
 */
#pragma once
#include "base/json.h"

/* Sets the refusal and returns FALSE; the sentence says what is wanted. */
gboolean fct_read_refuse(GError **error, const char *field, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* A member that must be there. The string belongs to @json. */
gboolean fct_read_str(const json_t *json, const char *key, const char **ret, GError **error);
gboolean fct_read_int(const json_t *json, const char *key, gint64 min, gint64 max, gint64 *ret, GError **error);

/* A member that may be missing: then *ret stays as it is. */
gboolean fct_read_opt_str(const json_t *json, const char *key, const char **ret, GError **error);
gboolean fct_read_opt_flag(const json_t *json, const char *key, gboolean *ret, GError **error);
/* One of @words (ends with NULL). *ret is replaced by a copy. */
gboolean fct_read_opt_word(const json_t *json, const char *key, const char *const *words, char **ret, GError **error);

/* Refuses members other than those of @known (ends with NULL). */
gboolean fct_read_only(const json_t *json, const char *const *known, GError **error);
/* The same with a sentence of the caller's. */
gboolean fct_read_only_or(const json_t *json, const char *const *known, const char *sentence, GError **error);
