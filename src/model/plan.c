/* SPDX-License-Identifier: Apache-2.0 */
#include "model/plan.h"

#include "model/codec.h"
#include "model/step_type.h"

static const char *const severity_names[] = {"block", "refuse", "confirm", "warn", NULL};

static const FctField item_fields[] = {
    FCT_FIELD(FctLayoutItem, profile_id, INT, .empty = -1),
    FCT_FIELD(FctLayoutItem, profile, STR),
    FCT_FIELD(FctLayoutItem, start, INT, .empty = -1),
    FCT_FIELD(FctLayoutItem, size, INT),
    FCT_FIELD(FctLayoutItem, kept, BOOL),
    FCT_FIELD(FctLayoutItem, busy, BOOL),
    FCT_FIELD(FctLayoutItem, holder, STR),
    FCT_FIELD(FctLayoutItem, holder_kind, STR),
    FCT_FIELD(FctLayoutItem, ci_profile_id, INT, .empty = -1),
    FCT_FIELD(FctLayoutItem, slices_used, INT),
    FCT_FIELD(FctLayoutItem, compute, STRS),
    FCT_FIELD(FctLayoutItem, not_whole, STR),
    {0},
};
static void free_item(gpointer item);
static const FctType type_item = {"layout item", sizeof(FctLayoutItem), item_fields, free_item};

static const FctField verdict_fields[] = {
    FCT_FIELD(FctVerdict, severity, ENUM, .names = severity_names),
    FCT_FIELD(FctVerdict, code, STR),
    FCT_FIELD(FctVerdict, sentence, STR),
    FCT_FIELD(FctVerdict, next, STR),
    FCT_FIELD(FctVerdict, subject, STR),
    {0},
};
static void free_verdict(gpointer verdict);
static const FctType type_verdict = {"verdict", sizeof(FctVerdict), verdict_fields, free_verdict};

static const FctField plan_fields[] = {
    FCT_FIELD(FctPlan, id, STR),
    FCT_FIELD(FctPlan, node, STR),
    FCT_FIELD(FctPlan, project, STR),
    FCT_FIELD(FctPlan, revision, UINT64),
    FCT_FIELD(FctPlan, kind, STR),
    FCT_FIELD(FctPlan, title, STR),
    FCT_FIELD(FctPlan, gpu, STR),
    FCT_FIELD(FctPlan, gpu_digest, STR),
    FCT_FIELD(FctPlan, request, JSON),
    FCT_FIELD(FctPlan, mig_now, BOOL),
    FCT_FIELD(FctPlan, mig_then, BOOL),
    FCT_FIELD(FctPlan, units, INT),
    FCT_FIELD(FctPlan, now, LIST, .type = &type_item),
    FCT_FIELD(FctPlan, then, LIST, .type = &type_item),
    FCT_FIELD(FctPlan, steps, LIST, .type = &fct_step_type),
    FCT_FIELD(FctPlan, verdicts, LIST, .type = &type_verdict),
    FCT_FIELD(FctPlan, interrupts, STRS),
    FCT_FIELD(FctPlan, alternatives, STRS),
    FCT_FIELD(FctPlan, state, STR),
    FCT_FIELD(FctPlan, task, STR),
    FCT_FIELD(FctPlan, created_ms, INT64),
    {0},
};
static const FctType type_plan = {"plan", sizeof(FctPlan), plan_fields, NULL};

static void free_item(gpointer item)
{
    fct_type_free(&type_item, item);
}

static void free_verdict(gpointer verdict)
{
    fct_type_free(&type_verdict, verdict);
}

FctPlan *fct_plan_new(void)
{
    return fct_type_new(&type_plan);
}

void fct_plan_free(FctPlan *plan)
{
    fct_type_free(&type_plan, plan);
}

json_t *fct_plan_to_json(const FctPlan *plan)
{
    return fct_type_to_json(&type_plan, plan);
}

FctPlan *fct_plan_from_json(const json_t *json, GError **error)
{
    return fct_type_new_from_json(&type_plan, json, error);
}

FctLayoutItem *fct_layout_item_new(void)
{
    return fct_type_new(&type_item);
}

void fct_layout_item_free(FctLayoutItem *item)
{
    free_item(item);
}

FctVerdict *fct_verdict_new(FctSeverity severity, const char *code, const char *subject, const char *next,
                            const char *format, ...)
{
    FctVerdict *verdict = g_new0(FctVerdict, 1);
    va_list ap;
    verdict->severity = severity;
    verdict->code = g_strdup(code);
    verdict->subject = g_strdup(subject ? subject : "");
    verdict->next = g_strdup(next ? next : "");
    va_start(ap, format);
    verdict->sentence = g_strdup_vprintf(format, ap);
    va_end(ap);
    return verdict;
}

void fct_verdict_free(FctVerdict *verdict)
{
    free_verdict(verdict);
}

json_t *fct_verdicts_to_json(const GPtrArray *verdicts)
{
    json_t *json = json_array();
    for (guint i = 0; i < verdicts->len; i++)
        json_array_append_new(json, fct_type_to_json(&type_verdict, verdicts->pdata[i]));
    return json;
}

const char *fct_severity_name(FctSeverity severity)
{
    return severity_names[severity];
}

gboolean fct_verdicts_allow(const GPtrArray *verdicts, gboolean confirmed)
{
    for (guint i = 0; i < verdicts->len; i++) {
        const FctVerdict *verdict = verdicts->pdata[i];
        if (verdict->severity == FCT_BLOCK || verdict->severity == FCT_REFUSE ||
            (verdict->severity == FCT_CONFIRM && !confirmed))
            return FALSE;
    }
    return TRUE;
}
