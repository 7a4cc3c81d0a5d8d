/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which VMs the page must be told about. Whoever changes a VM notes it here, and one thread (vms/publish.c) works off
 * many notes at a time. Thread-safe; only fct_vm_news_await waits.
 */
#pragma once
#include "app/shared/context.h"

FctVmNews *fct_vm_news_new(void);
void fct_vm_news_free(FctVmNews *news);

/* The VM looks different from what the page was told. */
void fct_vm_news_add(FctVmNews *news, const char *id);
/* Parts have changed (layout, holders): VMs that wait for parts may be blocked now, or no longer. */
void fct_vm_news_parts_changed(FctVmNews *news);
/* Networks or pools have come, gone, started or stopped: any VM that is off may be blocked now, or no longer. */
void fct_vm_news_host_changed(FctVmNews *news);
/* facetd ends: fct_vm_news_await returns FALSE. */
void fct_vm_news_quit(FctVmNews *news);

/* All that was noted until one moment. */
typedef struct {
    GHashTable *ids; /* set of VM ids */
    gboolean parts, host;
} FctVmNotes;
void fct_vm_notes_clear(FctVmNotes *notes);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FctVmNotes, fct_vm_notes_clear)
gboolean fct_vm_notes_any(const FctVmNotes *notes);
/*
 * Gives notes back that could not be worked off: fct_vm_news_await hands them out again after @us, together with what
 * is noted until then.
 */
void fct_vm_news_put_back(FctVmNews *news, const FctVmNotes *notes, gint64 us);
/* Takes all notes; waits for the first one up to @us, so *ret may be empty. FALSE: facetd ends. */
gboolean fct_vm_news_await(FctVmNews *news, gint64 us, FctVmNotes *ret);
