/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table for each struct, from which follow the empty value, freeing, JSON and reading of JSON, so that these four
 * cannot drift apart. For the structs of src/model only, whose fields are public.
 *
 * A missing member reads as the empty value, so documents of an older version stay readable; an ill-typed one is
 * FCT_ERROR_BAD_REQUEST naming it. Text that is not UTF-8 (names of processes) is made valid when written.
 */
#pragma once
#include "base/json.h"

typedef enum {
    FCT_FIELD_STR,     /* char *, never NULL */
    FCT_FIELD_INT,     /* int */
    FCT_FIELD_INT64,   /* gint64 */
    FCT_FIELD_UINT64,  /* guint64, below 2^63 */
    FCT_FIELD_BOOL,    /* gboolean */
    FCT_FIELD_READING, /* FctReading */
    FCT_FIELD_ENUM,    /* C enum from 0; a name on the wire */
    FCT_FIELD_STRUCT,  /* struct by value */
    FCT_FIELD_LIST,    /* GPtrArray * of structs */
    FCT_FIELD_STRS,    /* GPtrArray * of char * */
    FCT_FIELD_STRV,    /* GStrv, never NULL */
    FCT_FIELD_INTS,    /* GArray * of int */
    FCT_FIELD_JSON     /* json_t *, NULL when none */
} FctFieldKind;

typedef struct FctType FctType;

typedef struct {
    const char *key;
    FctFieldKind kind;
    gsize offset;
    const FctType *type;      /* of STRUCT and of the elements of LIST */
    const char *const *names; /* of ENUM, NULL at the end */
    gint64 empty;             /* of the numbers, and of BOOL */
    const char *empty_text;   /* of STR; NULL is "" */
} FctField;

struct FctType {
    const char *name;
    gsize size;
    const FctField *fields; /* key NULL at the end */
    GDestroyNotify free;    /* of one element on the heap */
};

#define FCT_FIELD(s, member, field_kind, ...)                                                                          \
    {                                                                                                                  \
        .key = #member, .kind = FCT_FIELD_##field_kind, .offset = G_STRUCT_OFFSET(s, member), __VA_ARGS__              \
    }

void fct_type_init(const FctType *type, gpointer object);
void fct_type_clear(const FctType *type, gpointer object);
gpointer fct_type_new(const FctType *type);
void fct_type_free(const FctType *type, gpointer object);
json_t *fct_type_to_json(const FctType *type, gconstpointer object);
/* @object must be initialised. On failure it stays valid, partly filled. */
gboolean fct_type_from_json(const FctType *type, gpointer object, const json_t *json, GError **error);
/* A new element, or NULL with @error. */
gpointer fct_type_new_from_json(const FctType *type, const json_t *json, GError **error);
