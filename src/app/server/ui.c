/* SPDX-License-Identifier: Apache-2.0 */
#include "app/server/ui.h"

#include "base/error.h"

#include <string.h>

#define FILE_MAX (32 * 1024 * 1024) /* larger files are not part of a page */

typedef struct {
    const char *mime;
    char *etag;
    gboolean immutable, text;
    GBytes *plain;
    GOnce once;
    GBytes *gzip; /* NULL when compressing gains nothing */
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
    g_free(entry->etag);
    g_bytes_unref(entry->plain);
    g_clear_pointer(&entry->gzip, g_bytes_unref);
    g_free(entry);
}

static Entry *entry_new(const char *path, char *contents, gsize length)
{
    Entry *entry = g_new0(Entry, 1);
    g_autofree char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)contents, length);
    entry->mime = "application/octet-stream";
    for (gsize i = 0; i < G_N_ELEMENTS(mimes); i++)
        if (g_str_has_suffix(path, mimes[i].suffix)) {
            entry->mime = mimes[i].mime;
            entry->text = mimes[i].text;
        }
    entry->etag = g_strdup_printf("\"%.32s\"", digest);
    entry->immutable = g_str_has_prefix(path, "/assets/"); /* Vite puts the digest into these names */
    entry->plain = g_bytes_new_take(contents, length);
    entry->once = (GOnce)G_ONCE_INIT;
    return entry;
}

static gboolean load(FctUi *ui, const char *root, const char *path, GError **error)
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
        if (!load(ui, root, below, error))
            return FALSE;
    }
    return TRUE;
}

FctUi *fct_ui_new(const char *dir, GError **error)
{
    FctUi *ui = g_new0(FctUi, 1);
    ui->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)entry_free);
    if (*dir && !load(ui, dir, "/", error)) {
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

static gpointer compress(gpointer data)
{
    Entry *entry = data;
    g_autoptr(GConverter) gzip = G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 6));
    g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable();
    g_autoptr(GOutputStream) stream = g_converter_output_stream_new(memory, gzip);
    gsize length;
    const void *plain = g_bytes_get_data(entry->plain, &length);
    if (!g_output_stream_write_all(stream, plain, length, NULL, NULL, NULL) ||
        !g_output_stream_close(stream, NULL, NULL))
        return NULL;
    g_autoptr(GBytes) small = g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(memory));
    if (g_bytes_get_size(small) < length)
        entry->gzip = g_steal_pointer(&small);
    return NULL;
}

gboolean fct_ui_find(FctUi *ui, const char *path, gboolean gzip, FctUiFile *ret_file)
{
    Entry *entry = g_hash_table_lookup(ui->files, path);
    if (!entry && !g_str_has_prefix(path, "/assets/"))
        entry = g_hash_table_lookup(ui->files, "/index.html");
    if (!entry)
        return FALSE;
    gzip = gzip && entry->text;
    if (gzip)
        g_once(&entry->once, compress, entry);
    gzip = gzip && entry->gzip;
    *ret_file = (FctUiFile){entry->mime, entry->etag, entry->immutable, gzip, gzip ? entry->gzip : entry->plain};
    return TRUE;
}
