/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of Facet: the closed list of errors.def carried in a GError of domain FCT_ERROR.
 *
 * Every fallible function takes a last parameter `GError **error`, returns FALSE or NULL on failure and then has set
 * it. The message says the particular case in one sentence. `code on the wire`, HTTP status, CLI exit status and the
 * default next step come from the list. Details (lists of reasons, fields, holders) travel as JSON attached to the
 * error.
 */
#pragma once
#include <glib.h>
#include <jansson.h>

typedef enum {
#define X(sym, code, http, exit, sentence, next) FCT_ERROR_##sym,
#include "base/errors.def"
#undef X
    FCT_N_ERRORS
} FctErrorCode;

#define FCT_ERROR (fct_error_quark())
GQuark fct_error_quark(void);

int fct_error_http_status(FctErrorCode code);
int fct_error_exit_status(FctErrorCode code);
/* FALSE when no error of the list bears that wire code. */
gboolean fct_error_from_wire_code(const char *wire, FctErrorCode *ret_code);

/*
 * Sets @error and returns FALSE, so that a function that fails can end with it. @next replaces the default next step
 * when not NULL. @details is an object that is merged into the "details" member on the wire; the reference is taken
 * over (may be NULL).
 */
gboolean fct_set_error_full(GError **error, FctErrorCode code, const char *next, json_t *details, const char *format,
                            ...) G_GNUC_PRINTF(5, 6);
#define fct_set_error(error, code, ...) fct_set_error_full(error, code, NULL, NULL, __VA_ARGS__)

/*
 * Hands *from over to the caller: *error becomes it (which may be NULL: then it is freed), and *from NULL. Nothing
 * happens when *from is NULL. FALSE, so that a function that fails can end with it.
 */
gboolean fct_error_pass(GError **error, GError **from);

/* "Could not write disk.img: No space left on device." from errno, which must be that of the call. FALSE. */
gboolean fct_set_error_errno(GError **error, const char *what, const char *name);

#ifdef __clang_analyzer__ /* it looks at one file at a time, so it must be told here that these give FALSE */
static inline gboolean fct_is_false(gboolean always G_GNUC_UNUSED)
{
    return FALSE;
}
#define fct_set_error_full(...) fct_is_false(fct_set_error_full(__VA_ARGS__))
#define fct_error_pass(...) fct_is_false(fct_error_pass(__VA_ARGS__))
#define fct_set_error_errno(...) fct_is_false(fct_set_error_errno(__VA_ARGS__))
#endif

/* An error of another domain (GIO, SQLite…) becomes FCT_ERROR_INTERNAL, G_IO_ERROR_NO_SPACE becomes FCT_ERROR_NO_SPACE.
 */
FctErrorCode fct_error_code(const GError *error);
/* {"code","message","next","details"}: what an API answer, a task and the helper protocol carry. New reference. */
json_t *fct_error_to_json(const GError *error);
/* The reverse; unknown codes become FCT_ERROR_INTERNAL with the message kept. Never returns NULL. */
GError *fct_error_from_json(const json_t *json);
