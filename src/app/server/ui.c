/* SPDX-License-Identifier: Apache-2.0 */
#include "app/server/ui.h"

#include "app/api/packed.h"
#include "base/error.h"

#include <string.h>

#define FILE_MAX (32 * 1024 * 1024) /* larger files are not part of a page */

typedef struct {
    const char *mime;
    gboolean immutable;
    FctPacked *packed;
} Entry;

struct FctUi {
    GHashTable *files; /* char* path from "/" → Entry* */
};

static const struct {
    const char *suffix, *mime;
    gboolean text;
} mimes[] = {
    {".html", "text/html; charset=utf-8", TRUE},
    {".js", "text/javascript; charset=utf-8", TRUE},
    {".css", "text/css; charset=utf-8", TRUE},
    {".json", "application/json", TRUE},
    {".map", "application/json", TRUE},
    {".svg", "image/svg+xml", TRUE},
    {".txt", "text/plain; charset=utf-8", TRUE},
    {".png", "image/png", FALSE},
    {".jpg", "image/jpeg", FALSE},
    {".ico", "image/x-icon", FALSE},
    {".woff2", "font/woff2", FALSE},
    {".woff", "font/woff", FALSE},
    {".wasm", "application/wasm", FALSE},
};

static void entry_free(Entry *entry)
{
    fct_packed_free(entry->packed);
    g_free(entry);
}

static Entry *entry_new(const char *path, char *contents, gsize length)
{
    Entry *entry = g_new0(Entry, 1);
    gboolean text = FALSE;
    entry->mime = "application/octet-stream";
    for (gsize i = 0; i < G_N_ELEMENTS(mimes); i++)
        if (g_str_has_suffix(path, mimes[i].suffix)) {
            entry->mime = mimes[i].mime;
            text = mimes[i].text;
        }
    entry->immutable = g_str_has_prefix(path, "/assets/"); /* Vite puts the digest into these names */
    entry->packed = fct_packed_new(g_bytes_new_take(contents, length), text);
    return entry;
}

static gboolean ui_load(FctUi *ui, const char *root, const char *path, GError **error)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    g_autoptr(GDir) dir = g_dir_open(full, 0, NULL);
    if (!dir) {
        char *contents;
        gsize length;
        if (!g_file_get_contents(full, &contents, &length, error))
            return FALSE;
        if (length > FILE_MAX)
            g_free(contents);
        else
            g_hash_table_insert(ui->files, g_strdup(path), entry_new(path, contents, length));
        return TRUE;
    }
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *below = g_strconcat(path, g_str_has_suffix(path, "/") ? "" : "/", name, NULL);
        if (!ui_load(ui, root, below, error))
            return FALSE;
    }
    return TRUE;
}

FctUi *fct_ui_new(const char *dir, GError **error)
{
    FctUi *ui = g_new0(FctUi, 1);
    ui->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)entry_free);
    if (*dir && !ui_load(ui, dir, "/", error)) {
        fct_ui_free(ui);
        return NULL;
    }
    return ui;
}

void fct_ui_free(FctUi *ui)
{
    if (!ui)
        return;
    g_hash_table_unref(ui->files);
    g_free(ui);
}

gboolean fct_ui_find(const FctUi *ui, const char *path, FctUiFile *ret_file)
{
    const Entry *entry = g_hash_table_lookup(ui->files, path);
    if (!entry && !g_str_has_prefix(path, "/assets/"))
        entry = g_hash_table_lookup(ui->files, "/index.html");
    if (!entry)
        return FALSE;
    *ret_file = (FctUiFile){entry->mime, entry->immutable, entry->packed};
    return TRUE;
}
