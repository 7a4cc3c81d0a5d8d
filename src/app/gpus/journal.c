/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gpus/journal.h"

#include <string.h>

static const char *const state_names[] = {"waiting", "running", "done", "undone"};

static void entry_free(FctEntry *entry)
{
    fct_step_free(entry->step);
    fct_step_free(entry->undo);
    g_free(entry->digest);
    g_free(entry);
}

static FctJournal *journal_alloc(void)
{
    FctJournal *journal = g_new0(FctJournal, 1);
    journal->entries = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
    return journal;
}

static void add_entry(FctJournal *journal, FctStep *step, FctStep *undo, const char *digest, FctEntryState state)
{
    FctEntry *entry = g_new(FctEntry, 1);
    *entry = (FctEntry){step, undo, g_strdup(digest), state};
    g_ptr_array_add(journal->entries, entry);
}

FctJournal *fct_journal_new(const FctPlan *plan, const char *task, const char *label, const char *boot_id,
                            json_t *previous_wanted)
{
    FctJournal *journal = journal_alloc();
    journal->task = g_strdup(task);
    journal->plan = g_strdup(plan->id);
    journal->gpu = g_strdup(plan->gpu);
    journal->label = g_strdup(label);
    journal->boot_id = g_strdup(boot_id);
    journal->previous_wanted = json_incref(previous_wanted);
    for (guint i = 0; i < plan->steps->len; i++)
        add_entry(journal, fct_step_copy(plan->steps->pdata[i]), NULL, "", FCT_ENTRY_WAITING);
    return journal;
}

void fct_journal_free(FctJournal *journal)
{
    if (!journal)
        return;
    g_free(journal->task);
    g_free(journal->plan);
    g_free(journal->gpu);
    g_free(journal->label);
    g_free(journal->boot_id);
    g_clear_error(&journal->reason);
    json_decref(journal->previous_wanted);
    g_ptr_array_unref(journal->entries);
    g_free(journal);
}

json_t *fct_journal_to_json(const FctJournal *journal)
{
    json_t *entries = json_array();
    for (guint i = 0; i < journal->entries->len; i++) {
        const FctEntry *entry = journal->entries->pdata[i];
        json_array_append_new(entries, json_pack("{s:o, s:o, s:s, s:s}", "step", fct_step_to_json(entry->step), "undo",
                                                 entry->undo ? fct_step_to_json(entry->undo) : json_null(), "digest",
                                                 entry->digest, "state", state_names[entry->state]));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:O, s:o}", "task", journal->task, "plan", journal->plan,
                     "gpu", journal->gpu, "label", journal->label, "boot_id", journal->boot_id, "undoing",
                     journal->undoing, "reason", journal->reason ? fct_error_to_json(journal->reason) : json_null(),
                     "previous_wanted", journal->previous_wanted ? journal->previous_wanted : json_null(), "entries",
                     entries);
}

static gboolean read_entry(FctJournal *journal, const json_t *json, GError **error)
{
    const json_t *undo = json_object_get(json, "undo");
    const char *state = fct_json_str(json, "state", "");
    g_autoptr(FctStep) step = fct_step_from_json(json_object_get(json, "step"), error);
    g_autoptr(FctStep) back = step && json_is_object(undo) ? fct_step_from_json(undo, error) : NULL;
    if (!step || (json_is_object(undo) && !back))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(state_names); i++)
        if (strcmp(state, state_names[i]) == 0) {
            add_entry(journal, g_steal_pointer(&step), g_steal_pointer(&back), fct_json_str(json, "digest", ""),
                      (FctEntryState)i);
            return TRUE;
        }
    return fct_set_error(error, FCT_ERROR_INTERNAL, "A journal entry has the unknown state “%s”.", state);
}

FctJournal *fct_journal_from_json(const json_t *json, GError **error)
{
    g_autoptr(FctJournal) journal = journal_alloc();
    json_t *entries = json_object_get(json, "entries");
    json_t *reason = json_object_get(json, "reason");
    json_t *wanted = json_object_get(json, "previous_wanted");
    gsize i;
    json_t *entry;
    journal->task = g_strdup(fct_json_str(json, "task", ""));
    journal->plan = g_strdup(fct_json_str(json, "plan", ""));
    journal->gpu = g_strdup(fct_json_str(json, "gpu", ""));
    journal->label = g_strdup(fct_json_str(json, "label", ""));
    journal->boot_id = g_strdup(fct_json_str(json, "boot_id", ""));
    journal->undoing = fct_json_bool(json, "undoing", FALSE);
    journal->reason = json_is_object(reason) ? fct_error_from_json(reason) : NULL;
    journal->previous_wanted = json_is_object(wanted) ? json_incref(wanted) : NULL;
    json_array_foreach (entries, i, entry)
        if (!read_entry(journal, entry, error))
            return NULL;
    return g_steal_pointer(&journal);
}
