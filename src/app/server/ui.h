/* SPDX-License-Identifier: Apache-2.0 */
/* The web page's files, held in memory and compressed on first use. Immutable after fct_ui_new; any thread. */
#pragma once
#include "app/api/packed.h"

typedef struct FctUi FctUi;

typedef struct {
    const char *mime;
    gboolean immutable; /* its name holds its digest */
    FctPacked *packed;  /* borrowed */
} FctUiFile;

/* @dir "" gives a UI without files. */
FctUi *fct_ui_new(const char *dir, GError **error);
void fct_ui_free(FctUi *ui);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctUi, fct_ui_free)
/* A path that is no file answers index.html, so that every page has its own address; a missing asset is FALSE. */
gboolean fct_ui_find(const FctUi *ui, const char *path, FctUiFile *ret_file);
