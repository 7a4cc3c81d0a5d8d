/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a running plan: one document for each gpu ("journal/<gpu id>"), which exists exactly as long as the
 * plan runs and is durable before each effect. When facetd starts and finds one, it observes the card and then finishes
 * or undoes the plan.
 *
 * An entry says what was about to happen and how to undo it. Whether it did happen is never read from here but
 * observed.
 */
#pragma once
#include "app/work/task.h"
#include "model/plan.h"

typedef enum {
    FCT_ENTRY_WAITING, /* not begun */
    FCT_ENTRY_RUNNING, /* the step was begun; its effect may be there or not */
    FCT_ENTRY_DONE,    /* the effect was observed */
    FCT_ENTRY_UNDONE   /* the step was undone */
} FctEntryState;

typedef struct {
    FctStep *step;
    FctStep *undo; /* NULL: nothing to undo, or the step was not begun */
    char *digest;  /* digest of the card just before the step; "" when the step was not begun */
    FctEntryState state;
} FctEntry;

typedef struct {
    char *task, *plan, *gpu;
    char *label;   /* "GPU 0" */
    char *boot_id; /* a different boot now means that a restart of the host has reset the card */
    gboolean undoing;
    GError *reason;          /* why the plan is being undone; NULL: a person cancelled it */
    json_t *previous_wanted; /* the document "wanted/<gpu>" as it was before the plan; NULL when there was none */
    GPtrArray *entries;      /* FctEntry* */
} FctJournal;

FctJournal *fct_journal_new(const FctPlan *plan, const char *task, const char *label, const char *boot_id,
                            json_t *previous_wanted);
void fct_journal_free(FctJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctJournal, fct_journal_free)
json_t *fct_journal_to_json(const FctJournal *journal);
FctJournal *fct_journal_from_json(const json_t *json, GError **error);
