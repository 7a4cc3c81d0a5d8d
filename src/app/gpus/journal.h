/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of one running plan: a document a gpu ("journal/<gpu id>"), there exactly as long as the plan runs. It is
 * durable before each effect. A start that finds one observes the card and finishes the plan, or undoes it.
 *
 * An entry says what was about to happen and how to take it back; whether it did happen is never read from here but
 * observed.
 */
#pragma once
#include "app/work/task.h"
#include "model/plan.h"

typedef enum {
    FCT_ENTRY_WAITING, /* not begun */
    FCT_ENTRY_RUNNING, /* begun; the effect may be there or not */
    FCT_ENTRY_DONE,    /* the effect was observed */
    FCT_ENTRY_UNDONE   /* it was taken back */
} FctEntryState;

typedef struct {
    FctStep *step;
    FctStep *undo; /* NULL: nothing to take back, or not begun */
    char *digest;  /* of the card just before the step; "" when not begun */
    FctEntryState state;
} FctEntry;

typedef struct {
    char *task, *plan, *gpu;
    char *label;   /* "GPU 0" */
    char *boot_id; /* another one now: the card was reset by a restart of the host */
    gboolean undoing;
    GError *reason;          /* why it is being undone; NULL: because somebody cancelled */
    json_t *previous_wanted; /* document of "wanted/<gpu>" before the plan; NULL when there was none */
    GPtrArray *entries;      /* FctEntry* */
} FctJournal;

FctJournal *fct_journal_new(const FctPlan *plan, const char *task, const char *label, const char *boot_id,
                            json_t *previous_wanted);
void fct_journal_free(FctJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctJournal, fct_journal_free)
json_t *fct_journal_to_json(const FctJournal *journal);
FctJournal *fct_journal_from_json(const json_t *json, GError **error);
