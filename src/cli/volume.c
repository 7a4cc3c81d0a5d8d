/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes are named POOL:NAME; without a pool the one called facet is meant. */
#include "cli/cli.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#define MIB (1024 * 1024)

static char *volume_id(const char *name)
{
    return strchr(name, ':') ? g_strdup(name) : g_strconcat("facet:", name, NULL);
}

static char *volume_path(const char *name, const char *rest)
{
    g_autofree char *id = volume_id(name), *segment = fct_client_segment(id);
    return g_strconcat("/volumes/", segment, rest, NULL);
}

static const char *show_bytes(const json_t *bytes)
{
    g_autoptr(json_t) mib = json_is_integer(bytes) ? json_integer(json_integer_value(bytes) / MIB) : json_null();
    return fct_show_mib(mib);
}

static char *volume_users(const json_t *volume)
{
    GString *text = g_string_new(NULL);
    size_t i;
    json_t *user;
    json_array_foreach (json_object_get(volume, "used_by"), i, user)
        g_string_append_printf(text, "%s%s", i ? ", " : "", fct_json_str(user, "name", ""));
    return g_string_free(text, FALSE);
}

static const char *state_text(const char *state)
{
    if (strcmp(state, "incomplete") == 0)
        return "not complete: delete it";
    return strcmp(state, "busy") == 0 ? "being made or changed" : "";
}

static int volume_list(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    const char *pool = fct_args_word(args, 0);
    g_autofree char *segment = pool ? fct_client_segment(pool) : NULL;
    g_autofree char *path = segment ? g_strconcat("/volumes?pool=", segment, NULL) : g_strdup("/volumes");
    size_t i;
    json_t *volume;
    if (!fct_client_call(cli->client, "GET", path, NULL, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("VOLUME", "FORMAT", "#SIZE", "#TAKES", "USED BY", "", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, volume) {
        g_autofree char *who = volume_users(volume);
        const json_t *upload = json_object_get(volume, "upload");
        gint64 size = MAX(fct_json_int(upload, "size_bytes", 1), 1);
        g_autofree char *note =
            json_is_object(upload)
                ? g_strdup_printf("not complete: %d %%", (int)(fct_json_int(upload, "received_bytes", 0) * 100 / size))
                : g_strdup(state_text(fct_json_str(volume, "state", "")));
        fct_table_row(table, fct_json_str(volume, "id", ""), fct_json_str(volume, "format", ""),
                      show_bytes(json_object_get(volume, "capacity_bytes")),
                      show_bytes(json_object_get(volume, "allocated_bytes")), who, note, NULL);
    }
    fct_table_print(table);
    return 0;
}

/* Reads "POOL:NAME" into the body. A pool's name is written as in an id: its own colons and percent signs are escaped.
 */
static void set_name(json_t *body, const char *name)
{
    g_autofree char *id = volume_id(name);
    const char *colon = strchr(id, ':');
    g_autofree char *pool = g_uri_unescape_segment(id, colon, NULL);
    g_autofree char *plain = g_strndup(id, (gsize)(colon - id));
    json_object_set_new(body, "pool", json_string(pool ? pool : plain));
    json_object_set_new(body, "name", json_string(colon + 1));
}

static json_t *from_volume(const char *name, const char *format)
{
    json_t *named = json_object();
    set_name(named, name);
    json_t *from =
        json_pack("{s:O, s:O}", "pool", json_object_get(named, "pool"), "volume", json_object_get(named, "name"));
    json_decref(named);
    if (format)
        json_object_set_new(from, "format", json_string(format));
    return from;
}

static int volume_create(FctCli *cli, const FctArgs *args)
{
    const char *image = fct_args_text(args, "image"), *copy = fct_args_text(args, "copy");
    g_autoptr(json_t) body = json_object();
    g_autoptr(json_t) task = NULL;
    g_autoptr(GError) error = NULL;
    if ((image && copy) || (!fct_args_said(args, "size") && !image && !copy))
        return fct_cli_usage("volume create takes a name, and --size, --image or --copy.");
    set_name(body, fct_args_word(args, 0));
    fct_args_put_number(args, "size", body, "size_gib");
    fct_args_put_text(args, "format", body, "format");
    if (image)
        json_object_set_new(body, "from", json_pack("{s:s}", "image", image));
    if (copy)
        json_object_set_new(body, "from", from_volume(copy, fct_args_text(args, "copy-format")));
    if (!fct_client_call(cli->client, "POST", "/volumes", body, 0, &task, &error))
        return fct_cli_fail(cli, error);
    return fct_task_follow(cli, task);
}

static int volume_grow(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    gint64 size;
    if (!g_ascii_string_to_signed(fct_args_word(args, 1), 10, 1, 65536, &size, NULL))
        return fct_cli_usage("volume grow takes a volume and its new size in GiB.");
    g_autofree char *path = volume_path(fct_args_word(args, 0), "/grow");
    g_autoptr(json_t) body = json_pack("{s:I}", "size_gib", (json_int_t)size);
    if (!fct_client_call(cli->client, "POST", path, body, 0, &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json)
        fct_print_json(answer);
    else
        printf("Volume %s has %s now.\n", fct_json_str(answer, "name", ""),
               show_bytes(json_object_get(answer, "capacity_bytes")));
    return 0;
}

static int delete_volume(FctCli *cli, const FctArgs *args)
{
    g_autoptr(GError) error = NULL;
    const char *name = fct_args_word(args, 0);
    int status;
    g_autofree char *path = volume_path(name, "");
    if (!fct_cli_confirm(fct_args_yes(args), &status, "Delete volume %s and what is on it?", name))
        return status;
    if (!fct_client_call(cli->client, "DELETE", path, NULL, 0, NULL, &error))
        return fct_cli_fail(cli, error);
    return fct_cli_said(cli, "Volume %s is gone.", name);
}

/* ---- bytes ---- */

/* Begins the upload, or finds how far an earlier one of the same size came. */
static gboolean volume_begin(FctCli *cli, const char *name, const char *format, gint64 size, const char *sha256,
                             gint64 *ret_received, GError **error)
{
    g_autofree char *path = volume_path(name, "");
    g_autoptr(json_t) body =
        json_pack("{s:s, s:I, s:s*}", "format", format, "upload_bytes", (json_int_t)size, "sha256", sha256);
    g_autoptr(json_t) volume = NULL;
    g_autoptr(GError) fault = NULL;
    *ret_received = 0;
    set_name(body, name);
    if (fct_client_call(cli->client, "POST", "/volumes", body, 0, NULL, &fault))
        return TRUE;
    if (g_error_matches(fault, FCT_ERROR, FCT_ERROR_EXISTS) &&
        fct_client_call(cli->client, "GET", path, NULL, 0, &volume, NULL)) {
        const json_t *upload = json_object_get(volume, "upload");
        if (json_is_object(upload) && fct_json_int(upload, "size_bytes", 0) == size &&
            fct_cli_same_sum(sha256, volume)) {
            *ret_received = fct_json_int(upload, "received_bytes", 0);
            return TRUE;
        }
    }
    g_propagate_error(error, g_steal_pointer(&fault));
    return FALSE;
}

static gboolean volume_upload(FctCli *cli, const char *source, const char *name, const char *sha256, json_t **ret,
                              GError **error)
{
    g_autoptr(GFile) local = g_file_new_for_path(source);
    g_autofree char *path = volume_path(name, "/content");
    g_autoptr(GFileInputStream) stream = g_file_read(local, NULL, error);
    g_autoptr(GFileInfo) info =
        stream ? g_file_input_stream_query_info(stream, G_FILE_ATTRIBUTE_STANDARD_SIZE, NULL, error) : NULL;
    char magic[4] = {0};
    gsize n;
    gint64 received, shown = -1;
    if (!info || !g_input_stream_read_all(G_INPUT_STREAM(stream), magic, sizeof magic, &n, NULL, error))
        return FALSE;
    const char *format = memcmp(magic, "QFI\xfb", sizeof magic) == 0 ? "qcow2" : "raw";
    if (!volume_begin(cli, name, format, g_file_info_get_size(info), sha256, &received, error) ||
        !g_seekable_seek(G_SEEKABLE(stream), received, G_SEEK_SET, NULL, error))
        return FALSE;
    return fct_client_upload(cli->client, path, G_INPUT_STREAM(stream), received, g_file_info_get_size(info),
                             fct_cli_progress, &shown, ret, error);
}

static int volume_fail(FctCli *cli, GError *fault)
{
    g_autoptr(GError) error = NULL;
    fct_cli_local(fault, &error);
    return fct_cli_fail(cli, error);
}

static int upload_volume(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) volume = NULL;
    const char *source = fct_args_word(args, 0), *name = fct_args_word(args, 1);
    GError *fault = NULL;
    g_autofree char *base = g_path_get_basename(source);
    if (!volume_upload(cli, source, name ? name : base, fct_args_text(args, "sha256"), &volume, &fault))
        return volume_fail(cli, fault);
    if (cli->json)
        fct_print_json(volume);
    else
        printf("Volume %s is %s. SHA-256: %s\n", fct_json_str(volume, "name", ""), fct_json_str(volume, "state", ""),
               fct_json_str(volume, "sha256", "—"));
    return 0;
}

/* Beside its name first: what broke off is not taken for the whole. */
static gboolean volume_download(FctCli *cli, const char *name, const char *target, GError **error)
{
    g_autofree char *path = volume_path(name, "/content"), *part = g_strconcat(target, ".part", NULL);
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

static int download_volume(FctCli *cli, const FctArgs *args)
{
    GError *fault = NULL;
    const char *name = fct_args_word(args, 0), *target = fct_args_word(args, 1), *colon = strchr(name, ':');
    g_autofree char *base = g_path_get_basename(colon ? colon + 1 : name);
    return volume_download(cli, name, target ? target : base, &fault) ? 0 : volume_fail(cli, fault);
}

static const FctVerb verbs[] = {
    {"volume list", "Volumes and who uses them", volume_list, .operands = {{"POOL", FCT_KIND_POOL, FCT_MAY}}},
    {"volume create", "Make a volume", volume_create, .operands = {{"[POOL:]NAME", FCT_KIND_NEW}},
     .options = FCT_OPTIONS({"size", .value = "GIB", .help = "As a guest sees it", .kind = FCT_KIND_NUMBER, .least = 1},
                            {"format", .value = "qcow2|raw", .help = "Its format", .kind = FCT_KIND_WORD},
                            {"image", .value = "IMAGE", .help = "With this image's content", .kind = FCT_KIND_IMAGE},
                            {"copy", .value = "VOLUME", .help = "With that volume's content", .kind = FCT_KIND_VOLUME},
                            {"copy-format", .value = "raw|qcow2|vmdk|vdi|vpc|qed|qcow",
                             .help = "What --copy is, when Facet has no record of it", .kind = FCT_KIND_WORD}),
     .note = "Give --size, --image or --copy. Without a pool the pool facet is meant.",
     .examples = {"facet volume create fast:data.qcow2 --size 2"}},
    {"volume grow", "Make a volume larger", volume_grow, .operands = {{"VOLUME", FCT_KIND_VOLUME}, {"GIB"}}},
    {"volume upload", "Upload a disk; goes on where it broke off", upload_volume,
     .operands = {{"FILE", FCT_KIND_PATH}, {"[POOL:]NAME", FCT_KIND_NEW, FCT_MAY}},
     .options = FCT_OPTIONS({"sha256", .value = "HEX", .help = "Refuse other bytes than these"})},
    {"volume download", "Download a volume", download_volume,
     .operands = {{"VOLUME", FCT_KIND_VOLUME}, {"FILE", FCT_KIND_PATH, FCT_MAY}}},
    {"volume delete", "Delete a volume that nobody uses", delete_volume, .operands = {{"VOLUME", FCT_KIND_VOLUME}},
     .asks = FCT_ASKS_ALWAYS},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_volume = {"volume", "disks in the pools", tables};
