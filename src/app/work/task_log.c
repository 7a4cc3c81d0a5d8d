/* SPDX-License-Identifier: Apache-2.0 */
#include "app/work/task_log.h"

#include "base/json.h"

#include <string.h>

#define FIELDS_MAX 12

typedef struct {
    GLogField all[FIELDS_MAX];
    gsize n;
} Fields;

/* Borrows @value; an empty one says nothing. */
static void fields_add(Fields *fields, const char *key, const char *value)
{
    if (*value && fields->n < FIELDS_MAX)
        fields->all[fields->n++] = (GLogField){key, value, -1};
}

/* "gpu" gives FACET_GPU; "" when the subject is of a kind that has no field. */
static const char *key_of_kind(const char *kind)
{
    static const char *const keys[][2] = {{"vm", "FACET_VM"},         {"gpu", "FACET_GPU"},
                                          {"volume", "FACET_VOLUME"}, {"network", "FACET_NETWORK"},
                                          {"pool", "FACET_POOL"},     {"node", "FACET_NODE"}};
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
        if (strcmp(kind, keys[i][0]) == 0)
            return keys[i][1];
    return "FACET_SUBJECT";
}

/* A newline in what people have named would pretend to be another line of the log. */
static char *one_line(char *text)
{
    return g_strdelimit(text, "\n\r", ' ');
}

void fct_task_tell_log(const char *id, const json_t *task, const char *step, const char *state, const char *text)
{
    const json_t *subject = json_object_get(task, "subject");
    g_autofree char *name = one_line(g_strdup(fct_json_str(subject, "name", "")));
    g_autofree char *message =
        *step ? g_strdup_printf("%s: %s: %s%s%s", fct_json_str(task, "title", ""), step, state, *text ? ": " : "", text)
              : g_strdup_printf("%s: %s%s%s", fct_json_str(task, "title", ""), state, *text ? ": " : "", text);
    one_line(message);
    Fields fields = {.n = 0};
    fields_add(&fields, "MESSAGE", message);
    fields_add(&fields, "GLIB_DOMAIN", G_LOG_DOMAIN);
    fields_add(&fields, "FACET_TASK", id);
    fields_add(&fields, "FACET_KIND", fct_json_str(task, "kind", ""));
    fields_add(&fields, "FACET_STEP", step);
    fields_add(&fields, "FACET_STATE", state);
    fields_add(&fields, "FACET_USER", fct_json_str(task, "user", ""));
    fields_add(&fields, key_of_kind(fct_json_str(subject, "kind", "")), name);
    fields_add(&fields, "FACET_ID", fct_json_str(subject, "id", ""));
    fields_add(&fields, "FACET_ERROR", fct_json_str(json_object_get(task, "error"), "code", ""));
    g_log_structured_array(G_LOG_LEVEL_MESSAGE, fields.all, fields.n);
}
