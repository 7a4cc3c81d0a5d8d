/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the web page, held in memory and compressed on first use. Immutable after fct_ui_new; any thread. */
#pragma once
#include "app/api/packed.h"

typedef struct FctUi FctUi;

typedef struct {
    const char *mime;
    gboolean immutable; /* the file's name contains its digest, so it may be cached for ever */
    FctPacked *packed;  /* borrowed */
} FctUiFile;

/* @dir "" gives a UI without files. */
FctUi *fct_ui_new(const char *dir, GError **error);
void fct_ui_free(FctUi *ui);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctUi, fct_ui_free)
/* A path that is no file gives index.html, so that every page has its own address. FALSE: a missing asset. */
gboolean fct_ui_find(const FctUi *ui, const char *path, FctUiFile *ret_file);
