/* SPDX-License-Identifier: Apache-2.0 */
/* The library. Files go through in blocks; a broken upload goes on when the same command is given again. */
#include "cli/cli.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MIB (1024 * 1024)

static char *file_path(const char *name, const char *rest)
{
    g_autofree char *segment = fct_client_segment(name);
    return g_strconcat("/files/", segment, rest, NULL);
}

static int file_list(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *file;
    if (!fct_client_call(cli->client, "GET", "/files", NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("NAME", "FORMAT", "#SIZE", "", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, file) {
        gint64 size = fct_json_int(file, "size_bytes", 0), received = fct_json_int(file, "received_bytes", 0);
        g_autoptr(json_t) mib = json_integer((size + MIB - 1) / MIB);
        g_autofree char *note =
            received < size ? g_strdup_printf("not complete: %d %%", (int)(received * 100 / size)) : g_strdup("");
        fct_table_row(table, fct_json_str(file, "name", ""), fct_json_str(file, "format", "—"), fct_show_mib(mib), note,
                      NULL);
    }
    fct_table_print(table);
    return 0;
}

gboolean fct_cli_same_sum(const char *sha256, const json_t *resource)
{
    return !sha256 || g_ascii_strcasecmp(sha256, fct_json_str(resource, "sha256", "")) == 0;
}

/* Begins the upload, or finds how far an earlier one of the same size came. */
static gboolean file_begin(FctCli *cli, const char *name, gint64 size, const char *sha256, gint64 *ret_received,
                           GError **error)
{
    g_autofree char *path = file_path(name, "");
    g_autoptr(json_t) body =
        json_pack("{s:s, s:I, s:s*}", "name", name, "size_bytes", (json_int_t)size, "sha256", sha256);
    g_autoptr(json_t) file = NULL;
    g_autoptr(GError) fault = NULL;
    *ret_received = 0;
    if (fct_client_call(cli->client, "POST", "/files", body, 0, NULL, &fault))
        return TRUE;
    if (g_error_matches(fault, FCT_ERROR, FCT_ERROR_EXISTS) &&
        fct_client_call(cli->client, "GET", path, NULL, 0, &file, NULL) &&
        strcmp(fct_json_str(file, "state", ""), "uploading") == 0 && fct_json_int(file, "size_bytes", 0) == size &&
        fct_cli_same_sum(sha256, file)) {
        *ret_received = fct_json_int(file, "received_bytes", 0);
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&fault));
    return FALSE;
}

static gboolean file_upload(FctCli *cli, const char *source, const char *name, const char *sha256, json_t **ret,
                            GError **error)
{
    g_autoptr(GFile) local = g_file_new_for_path(source);
    g_autofree char *path = file_path(name, "/content");
    g_autoptr(GFileInputStream) stream = g_file_read(local, NULL, error);
    g_autoptr(GFileInfo) info =
        stream ? g_file_input_stream_query_info(stream, G_FILE_ATTRIBUTE_STANDARD_SIZE, NULL, error) : NULL;
    gint64 received, shown = -1;
    if (!info || !file_begin(cli, name, g_file_info_get_size(info), sha256, &received, error) ||
        !g_seekable_seek(G_SEEKABLE(stream), received, G_SEEK_SET, NULL, error))
        return FALSE;
    return fct_client_upload(cli->client, path, G_INPUT_STREAM(stream), received, g_file_info_get_size(info),
                             fct_cli_progress, &shown, ret, error);
}

static int upload_file(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) file = NULL;
    g_autoptr(GError) error = NULL;
    GError *fault = NULL;
    const char *source = fct_args_word(args, 0), *name = fct_args_word(args, 1);
    g_autofree char *base = g_path_get_basename(source);
    if (!file_upload(cli, source, name ? name : base, fct_args_text(args, "sha256"), &file, &fault)) {
        fct_cli_local(fault, &error);
        return fct_cli_fail(cli, error);
    }
    if (cli->json)
        fct_print_json(file);
    else
        printf("%s is %s. SHA-256: %s\n", fct_json_str(file, "name", ""), fct_json_str(file, "state", ""),
               fct_json_str(file, "sha256", "—"));
    return 0;
}

/* Beside its name first: what broke off is not taken for the whole. */
static gboolean file_download(FctCli *cli, const char *name, const char *target, GError **error)
{
    g_autofree char *path = file_path(name, "/content"), *part = g_strconcat(target, ".part", NULL);
    g_autoptr(GFile) local = g_file_new_for_path(part);
    g_autoptr(GFile) final = g_file_new_for_path(target);
    gint64 shown = -1;
    g_autoptr(GFileOutputStream) out = g_file_replace(local, NULL, FALSE, G_FILE_CREATE_NONE, NULL, error);
    if (!out)
        return FALSE;
    gboolean ok = fct_client_download(cli->client, path, G_OUTPUT_STREAM(out), fct_cli_progress, &shown, error) &&
                  g_output_stream_close(G_OUTPUT_STREAM(out), NULL, error) &&
                  g_file_move(local, final, G_FILE_COPY_NONE, NULL, NULL, NULL, error);
    if (!ok)
        unlink(part);
    return ok;
}

static int download_file(FctCli *cli, const FctArgs *args)
{
    g_autoptr(GError) error = NULL;
    GError *fault = NULL;
    const char *name = fct_args_word(args, 0), *target = fct_args_word(args, 1);
    g_autofree char *base = g_path_get_basename(name);
    if (file_download(cli, name, target ? target : base, &fault))
        return cli->json ? fct_cli_said(cli, "File %s is in %s.", name, target ? target : base) : 0;
    fct_cli_local(fault, &error);
    return fct_cli_fail(cli, error);
}

static int file_show(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) file = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = file_path(fct_args_word(args, 0), "");
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &file, &error))
        return fct_cli_fail(cli, error);
    fct_cli_show(cli, file);
    return 0;
}

static int delete_file(FctCli *cli, const FctArgs *args)
{
    const char *name = fct_args_word(args, 0);
    int status;
    g_autoptr(GError) error = NULL;
    if (!fct_cli_confirm(fct_args_yes(args), &status, "Delete file %s?", name))
        return status;
    g_autofree char *path = file_path(name, "");
    if (!fct_client_call(cli->client, "DELETE", path, NULL, 0, NULL, &error))
        return fct_cli_fail(cli, error);
    return fct_cli_said(cli, "File %s is deleted.", name);
}

static const FctVerb verbs[] = {
    {"file list", "Images and ISOs of the library", file_list},
    {"file show", "One file", file_show, .operands = {{"NAME", FCT_KIND_FILE}}},
    {"file upload", "Upload an image or ISO; goes on where it broke off", upload_file,
     .operands = {{"FILE", FCT_KIND_PATH}, {"NAME", FCT_KIND_NEW, FCT_MAY}},
     .options = FCT_OPTIONS({"sha256", .value = "HEX", .help = "Refuse other bytes than these"}),
     .examples = {"facet file upload debian.qcow2"}},
    {"file download", "Download a file", download_file,
     .operands = {{"NAME", FCT_KIND_FILE}, {"FILE", FCT_KIND_PATH, FCT_MAY}}},
    {"file delete", "Delete a file", delete_file, .operands = {{"NAME", FCT_KIND_FILE}}, .asks = FCT_ASKS_ALWAYS},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_file = {"file", "images and ISOs of the library", tables};
