/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#ifdef __clang_analyzer__ /* here they are defined */
#undef fct_set_error_full
#undef fct_error_pass
#undef fct_set_error_errno
#endif

#include <errno.h>
#include <gio/gio.h>
#include <stdarg.h>
#include <string.h>

static const struct {
    const char *wire;
    int http;
    int exit;
    const char *sentence;
    const char *next;
} errors[FCT_N_ERRORS] = {
#define X(sym, code, http, exit, sentence, next) [FCT_ERROR_##sym] = {code, http, exit, sentence, next},
#include "base/errors.def"
#undef X
};

typedef struct {
    char *next;
    json_t *details;
} FctErrorPrivate;

static void fct_error_private_init(FctErrorPrivate *priv)
{
    priv->next = NULL;
    priv->details = NULL;
}

static void fct_error_private_copy(const FctErrorPrivate *src, FctErrorPrivate *dest)
{
    dest->next = g_strdup(src->next);
    dest->details = json_deep_copy(src->details);
}

static void fct_error_private_clear(FctErrorPrivate *priv)
{
    g_free(priv->next);
    json_decref(priv->details);
}

G_DEFINE_EXTENDED_ERROR(FctError, fct_error)

int fct_error_http_status(FctErrorCode code)
{
    return errors[code].http;
}

int fct_error_exit_status(FctErrorCode code)
{
    return errors[code].exit;
}

gboolean fct_error_from_wire_code(const char *wire, FctErrorCode *ret_code)
{
    for (int i = 0; i < FCT_N_ERRORS; i++)
        if (wire && strcmp(errors[i].wire, wire) == 0) {
            *ret_code = (FctErrorCode)i;
            return TRUE;
        }
    return FALSE;
}

gboolean fct_set_error_full(GError **error, FctErrorCode code, const char *next, json_t *details, const char *format,
                            ...)
{
    if (!error) {
        json_decref(details);
        return FALSE;
    }
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    GError *made = g_error_new_literal(FCT_ERROR, (int)code, text);
    FctErrorPrivate *priv = fct_error_get_private(made);
    priv->next = g_strdup(next);
    priv->details = details;
    g_propagate_error(error, made);
    return FALSE;
}

gboolean fct_error_pass(GError **error, GError **from)
{
    if (*from)
        g_propagate_error(error, g_steal_pointer(from));
    return FALSE;
}

gboolean fct_set_error_errno(GError **error, const char *what, const char *name)
{
    int e = errno;
    FctErrorCode code = e == ENOSPC || e == EDQUOT || e == EFBIG ? FCT_ERROR_NO_SPACE
                        : e == ENOENT                            ? FCT_ERROR_NOT_FOUND
                        : e == EEXIST                            ? FCT_ERROR_EXISTS
                        : e == EROFS || e == EACCES              ? FCT_ERROR_UNSUPPORTED
                                                                 : FCT_ERROR_INTERNAL;
    return fct_set_error(error, code, "%s %s: %s.", what, name, g_strerror(e));
}

FctErrorCode fct_error_code(const GError *error)
{
    if (error->domain == FCT_ERROR)
        return (FctErrorCode)error->code;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
        return FCT_ERROR_NO_SPACE;
    return FCT_ERROR_INTERNAL;
}

json_t *fct_error_to_json(const GError *error)
{
    FctErrorCode code = fct_error_code(error);
    const FctErrorPrivate *priv = error->domain == FCT_ERROR ? fct_error_get_private(error) : NULL;
    const char *next = priv && priv->next ? priv->next : errors[code].next;
    json_t *json = json_pack("{s:s, s:s, s:s}", "code", errors[code].wire, "message", error->message, "next", next);
    json_object_set_new(json, "details", priv && priv->details ? json_deep_copy(priv->details) : json_object());
    return json;
}

GError *fct_error_from_json(const json_t *json)
{
    const char *wire = NULL, *message = NULL, *next = NULL;
    json_t *details = NULL;
    FctErrorCode code = FCT_ERROR_INTERNAL;
    GError *error = NULL;
    if (json_unpack((json_t *)json, "{s?s, s?s, s?s, s?o}", "code", &wire, "message", &message, "next", &next,
                    "details", &details) != 0)
        message = "The answer of the other side could not be understood.";
    fct_error_from_wire_code(wire, &code);
    fct_set_error_full(&error, code, next, details ? json_deep_copy(details) : NULL, "%s",
                       message ? message : errors[code].sentence);
    return error;
}
