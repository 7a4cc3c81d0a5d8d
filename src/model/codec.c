/* SPDX-License-Identifier: Apache-2.0 */
#include "model/codec.h"

#include <string.h>

#define AT(object, field, ctype) (*(ctype *)(void *)((char *)(object) + (field)->offset))
#define AT_CONST(object, field, ctype) (*(const ctype *)(const void *)((const char *)(object) + (field)->offset))

static void init_field(const FctField *field, gpointer object)
{
    switch (field->kind) {
    case FCT_FIELD_STR:
        AT(object, field, char *) = g_strdup(field->empty_text ? field->empty_text : "");
        break;
    case FCT_FIELD_INT:
        AT(object, field, int) = (int)field->empty;
        break;
    case FCT_FIELD_INT64:
        AT(object, field, gint64) = field->empty;
        break;
    case FCT_FIELD_BOOL:
        AT(object, field, gboolean) = field->empty != 0;
        break;
    case FCT_FIELD_STRV:
        AT(object, field, GStrv) = g_new0(char *, 1);
        break;
    case FCT_FIELD_STRUCT:
        fct_type_init(field->type, &AT(object, field, char));
        break;
    case FCT_FIELD_LIST:
        AT(object, field, GPtrArray *) = g_ptr_array_new_with_free_func(field->type->free);
        break;
    case FCT_FIELD_STRS:
        AT(object, field, GPtrArray *) = g_ptr_array_new_with_free_func(g_free);
        break;
    case FCT_FIELD_INTS:
        AT(object, field, GArray *) = g_array_new(FALSE, FALSE, sizeof(int));
        break;
    case FCT_FIELD_UINT64:
    case FCT_FIELD_READING:
    case FCT_FIELD_ENUM:
    case FCT_FIELD_JSON:
        break; /* all bits zero is the empty value */
    }
}

void fct_type_init(const FctType *type, gpointer object)
{
    memset(object, 0, type->size);
    for (const FctField *field = type->fields; field->key; field++)
        init_field(field, object);
}

void fct_type_clear(const FctType *type, gpointer object)
{
    for (const FctField *field = type->fields; field->key; field++)
        switch (field->kind) {
        case FCT_FIELD_STR:
            g_free(AT(object, field, char *));
            break;
        case FCT_FIELD_STRUCT:
            fct_type_clear(field->type, &AT(object, field, char));
            break;
        case FCT_FIELD_LIST:
        case FCT_FIELD_STRS:
            g_ptr_array_unref(AT(object, field, GPtrArray *));
            break;
        case FCT_FIELD_STRV:
            g_strfreev(AT(object, field, GStrv));
            break;
        case FCT_FIELD_INTS:
            g_array_unref(AT(object, field, GArray *));
            break;
        case FCT_FIELD_JSON:
            json_decref(AT(object, field, json_t *));
            break;
        default:
            break;
        }
}

gpointer fct_type_new(const FctType *type)
{
    gpointer object = g_malloc(type->size);
    fct_type_init(type, object);
    return object;
}

void fct_type_free(const FctType *type, gpointer object)
{
    if (!object)
        return;
    fct_type_clear(type, object);
    g_free(object);
}

static json_t *text_to_json(const char *text)
{
    json_t *json = json_string(text);
    if (json)
        return json;
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return json_string(valid);
}

static json_t *list_to_json(const FctField *field, const GPtrArray *list)
{
    json_t *json = json_array();
    for (guint i = 0; i < list->len; i++)
        json_array_append_new(json, field->kind == FCT_FIELD_STRS ? text_to_json(list->pdata[i])
                                                                  : fct_type_to_json(field->type, list->pdata[i]));
    return json;
}

static json_t *words_to_json(char *const *words)
{
    json_t *json = json_array();
    for (guint i = 0; words[i]; i++)
        json_array_append_new(json, text_to_json(words[i]));
    return json;
}

static json_t *ints_to_json(const GArray *ints)
{
    json_t *json = json_array();
    for (guint i = 0; i < ints->len; i++)
        json_array_append_new(json, json_integer(g_array_index(ints, int, i)));
    return json;
}

static json_t *field_to_json(const FctField *field, gconstpointer object)
{
    switch (field->kind) {
    case FCT_FIELD_STR:
        return text_to_json(AT_CONST(object, field, char *));
    case FCT_FIELD_INT:
        return json_integer(AT_CONST(object, field, int));
    case FCT_FIELD_INT64:
        return json_integer(AT_CONST(object, field, gint64));
    case FCT_FIELD_UINT64:
        return json_integer((json_int_t)AT_CONST(object, field, guint64));
    case FCT_FIELD_BOOL:
        return json_boolean(AT_CONST(object, field, gboolean));
    case FCT_FIELD_READING:
        return fct_reading_to_json(AT_CONST(object, field, FctReading));
    case FCT_FIELD_ENUM:
        return json_string(field->names[AT_CONST(object, field, unsigned int)]);
    case FCT_FIELD_STRUCT:
        return fct_type_to_json(field->type, &AT_CONST(object, field, char));
    case FCT_FIELD_LIST:
    case FCT_FIELD_STRS:
        return list_to_json(field, AT_CONST(object, field, GPtrArray *));
    case FCT_FIELD_STRV:
        return words_to_json(AT_CONST(object, field, GStrv));
    case FCT_FIELD_INTS:
        return ints_to_json(AT_CONST(object, field, GArray *));
    case FCT_FIELD_JSON:
        return AT_CONST(object, field, json_t *) ? json_deep_copy(AT_CONST(object, field, json_t *)) : json_null();
    }
    g_assert_not_reached();
}

json_t *fct_type_to_json(const FctType *type, gconstpointer object)
{
    json_t *json = json_object();
    for (const FctField *field = type->fields; field->key; field++)
        json_object_set_new_nocheck(json, field->key, field_to_json(field, object));
    return json;
}

static gboolean codec_refuse(const char *key, const char *wanted, GError **error)
{
    return fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, NULL, json_pack("{s:s}", "field", key),
                              "The field “%s” must be %s.", key, wanted);
}

static gboolean enum_from_json(const FctField *field, gpointer object, const json_t *json, GError **error)
{
    const char *text = json_is_string(json) ? json_string_value(json) : "";
    for (unsigned int i = 0; field->names[i]; i++)
        if (strcmp(field->names[i], text) == 0) {
            AT(object, field, unsigned int) = i;
            return TRUE;
        }
    return codec_refuse(field->key, "one of the known names", error);
}

static gboolean list_from_json(const FctField *field, gpointer object, const json_t *json, GError **error)
{
    gsize i;
    json_t *member;
    if (!json_is_array(json))
        return codec_refuse(field->key, "a list", error);
    if (field->kind == FCT_FIELD_INTS)
        g_array_set_size(AT(object, field, GArray *), 0);
    else
        g_ptr_array_set_size(AT(object, field, GPtrArray *), 0);
    json_array_foreach (json, i, member) {
        if (field->kind == FCT_FIELD_STRS) {
            if (!json_is_string(member))
                return codec_refuse(field->key, "a list of texts", error);
            g_ptr_array_add(AT(object, field, GPtrArray *), g_strdup(json_string_value(member)));
        } else if (field->kind == FCT_FIELD_INTS) {
            int value = (int)json_integer_value(member);
            if (!json_is_integer(member) || json_integer_value(member) != value)
                return codec_refuse(field->key, "a list of whole numbers", error);
            g_array_append_val(AT(object, field, GArray *), value);
        } else {
            gpointer element = fct_type_new_from_json(field->type, member, error);
            if (!element)
                return FALSE;
            g_ptr_array_add(AT(object, field, GPtrArray *), element);
        }
    }
    return TRUE;
}

static gboolean words_from_json(const FctField *field, gpointer object, const json_t *json, GError **error)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    gsize i;
    json_t *member;
    if (!json_is_array(json))
        return codec_refuse(field->key, "a list", error);
    json_array_foreach (json, i, member) {
        if (!json_is_string(member))
            return codec_refuse(field->key, "a list of texts", error);
        g_strv_builder_add(words, json_string_value(member));
    }
    g_strfreev(AT(object, field, GStrv));
    AT(object, field, GStrv) = g_strv_builder_end(words);
    return TRUE;
}

static gboolean number_from_json(const FctField *field, gpointer object, const json_t *json, GError **error)
{
    json_int_t value = json_integer_value(json);
    if (!json_is_integer(json) || (field->kind == FCT_FIELD_UINT64 && value < 0) ||
        (field->kind == FCT_FIELD_INT && value != (int)value))
        return codec_refuse(field->key, "a whole number", error);
    if (field->kind == FCT_FIELD_INT)
        AT(object, field, int) = (int)value;
    else
        AT(object, field, gint64) = value;
    return TRUE;
}

static gboolean field_from_json(const FctField *field, gpointer object, const json_t *json, GError **error)
{
    switch (field->kind) {
    case FCT_FIELD_STR:
        if (!json_is_string(json))
            return codec_refuse(field->key, "a text", error);
        g_free(AT(object, field, char *));
        AT(object, field, char *) = g_strdup(json_string_value(json));
        return TRUE;
    case FCT_FIELD_INT:
    case FCT_FIELD_INT64:
    case FCT_FIELD_UINT64:
        return number_from_json(field, object, json, error);
    case FCT_FIELD_BOOL:
        if (!json_is_boolean(json))
            return codec_refuse(field->key, "true or false", error);
        AT(object, field, gboolean) = json_is_true(json);
        return TRUE;
    case FCT_FIELD_READING:
        if (!json_is_number(json) && !json_is_null(json))
            return codec_refuse(field->key, "a number or null", error);
        AT(object, field, FctReading) = fct_reading_from_json(json);
        return TRUE;
    case FCT_FIELD_ENUM:
        return enum_from_json(field, object, json, error);
    case FCT_FIELD_STRUCT:
        return fct_type_from_json(field->type, &AT(object, field, char), json, error);
    case FCT_FIELD_LIST:
    case FCT_FIELD_STRS:
    case FCT_FIELD_INTS:
        return list_from_json(field, object, json, error);
    case FCT_FIELD_STRV:
        return words_from_json(field, object, json, error);
    case FCT_FIELD_JSON:
        json_decref(AT(object, field, json_t *));
        AT(object, field, json_t *) = json_is_null(json) ? NULL : json_deep_copy(json);
        return TRUE;
    }
    g_assert_not_reached();
}

gboolean fct_type_from_json(const FctType *type, gpointer object, const json_t *json, GError **error)
{
    if (!json_is_object(json))
        return codec_refuse(type->name, "an object", error);
    for (const FctField *field = type->fields; field->key; field++) {
        const json_t *member = json_object_get(json, field->key);
        if (member && !field_from_json(field, object, member, error))
            return FALSE;
    }
    return TRUE;
}

gpointer fct_type_new_from_json(const FctType *type, const json_t *json, GError **error)
{
    gpointer object = fct_type_new(type);
    if (fct_type_from_json(type, object, json, error))
        return object;
    fct_type_free(type, object);
    return NULL;
}
