/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the page has to be told of VMs: whoever changes a VM notes it here, and one thread (vms/publish.c) works the
 * notes off, many at a time. Thread-safe; no function but fct_vm_news_await waits.
 */
#pragma once
#include "app/shared/context.h"

FctVmNews *fct_vm_news_new(void);
void fct_vm_news_free(FctVmNews *news);

/* The VM is another than the page knows. */
void fct_vm_news_add(FctVmNews *news, const char *id);
/* Parts have changed (layout, holders): VMs that wait for some may be blocked or not now. */
void fct_vm_news_parts_changed(FctVmNews *news);
/* Networks or pools have come, gone, started or stopped: any VM that is off may be blocked or not now. */
void fct_vm_news_host_changed(FctVmNews *news);
/* facetd ends: fct_vm_news_await returns. */
void fct_vm_news_quit(FctVmNews *news);

/* The notes of a moment. */
typedef struct {
    GHashTable *ids; /* set of VM ids */
    gboolean parts, host;
} FctVmNotes;
void fct_vm_notes_clear(FctVmNotes *notes);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FctVmNotes, fct_vm_notes_clear)
gboolean fct_vm_notes_any(const FctVmNotes *notes);
/* What was taken and could not be worked off: it is taken again, with what is noted until then, after @us. */
void fct_vm_news_put_back(FctVmNews *news, const FctVmNotes *notes, gint64 us);
/* Takes what was noted, and waits for it up to @us: *ret may be empty. FALSE: facetd ends. */
gboolean fct_vm_news_await(FctVmNews *news, gint64 us, FctVmNotes *ret);
