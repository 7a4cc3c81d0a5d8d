/* SPDX-License-Identifier: Apache-2.0 */
#include "media/iso.h"
#include "base/scope.h"

#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#define LIBISOFS_WITHOUT_LIBBURN
#include <libisofs/libisofs.h>

#define CONTENT_MAX (8 << 20)
#define BLOCK 2048
#define PROFILE_BACKUP 1 /* value for iso_write_opts_new: Rock Ridge, with the owners and modes of the nodes */

/* libisofs keeps messages and state for the whole process: one image at a time. */
static GMutex lock;

static gboolean iso_set_error(GError **error, const char *what, int code)
{
    return fct_set_error(error, FCT_ERROR_INTERNAL, "The image could not be made: %s (%s).", what,
                         iso_error_to_msg(code));
}

static gboolean set_up(GError **error)
{
    static gboolean done;
    if (done)
        return TRUE;
    int code = iso_init_with_flag(1);
    if (code < 0)
        return iso_set_error(error, "libisofs cannot be used", code);
    char never[] = "NEVER", name[] = "";
    iso_set_msgs_severities(never, never, name);
    char utf8[] = "UTF-8";
    iso_set_local_charset(utf8, 0);
    done = TRUE;
    return TRUE;
}

static gboolean add_file(IsoImage *image, const FctMediaFile *file, GError **error)
{
    IsoStream *stream = NULL;
    IsoFile *node = NULL;
    guint8 *own = malloc(file->length + 1); /* the stream frees it */
    if (file->length)
        memcpy(own, file->bytes, file->length);
    int code = iso_memory_stream_new(own, file->length, &stream);
    if (code < 0) {
        free(own);
        return iso_set_error(error, file->name, code);
    }
    code = iso_tree_add_new_file(iso_image_get_root(image), file->name, stream, &node);
    if (code < 0) {
        iso_stream_unref(stream);
        return iso_set_error(error, file->name, code);
    }
    iso_node_set_permissions(ISO_NODE(node), 0444);
    return TRUE;
}

static IsoWriteOpts *options_new(GError **error)
{
    IsoWriteOpts *options = NULL;
    int code = iso_write_opts_new(&options, PROFILE_BACKUP);
    if (code < 0) {
        iso_set_error(error, "options", code);
        return NULL;
    }
    iso_write_opts_set_iso_level(options, 3);
    iso_write_opts_set_rockridge(options, 1);
    iso_write_opts_set_joliet(options, 1);
    iso_write_opts_set_joliet_long_names(options, 1);
    /* Joliet, so that readers without Rock Ridge (GRUB, some guests) see the full names, too. */
    iso_write_opts_set_allow_lowercase(options, 1);
    iso_write_opts_set_allow_full_ascii(options, 1);
    iso_write_opts_set_omit_version_numbers(options, 1);
    iso_write_opts_set_no_force_dots(options, 1);
    iso_write_opts_set_relaxed_vol_atts(options, 1); /* allow a label in lower case */
    iso_write_opts_set_replace_mode(options, 1, 1, 1, 1);
    return options;
}

/* Reads what the library's own thread generates. */
static GBytes *iso_read_all(struct burn_source *source, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 block[BLOCK];
    int n;
    while ((n = source->read ? source->read(source, block, BLOCK) : source->read_xt(source, block, BLOCK)) > 0)
        g_byte_array_append(bytes, block, (guint)n);
    if (n == 0 && bytes->len)
        return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
    fct_set_error(error, FCT_ERROR_INTERNAL, "The image could not be made: its data ended early.");
    return NULL;
}

static GBytes *write_image(IsoImage *image, GError **error)
{
    struct burn_source *source = NULL;
    IsoWriteOpts *options = options_new(error);
    if (!options)
        return NULL;
    int code = iso_image_create_burn_source(image, options, &source);
    iso_write_opts_free(options);
    if (code < 0) {
        iso_set_error(error, "its tree", code);
        return NULL;
    }
    GBytes *bytes = iso_read_all(source, error);
    source->free_data(source);
    free(source);
    return bytes;
}

static GBytes *make_iso(const char *label, const FctMediaFile *files, gsize n, GError **error)
{
    IsoImage *image = NULL;
    GBytes *bytes = NULL;
    if (!set_up(error))
        return NULL;
    int code = iso_image_new(label, &image);
    if (code < 0) {
        iso_set_error(error, label, code);
        return NULL;
    }
    gboolean ok = TRUE;
    for (gsize i = 0; ok && i < n; i++)
        ok = add_file(image, &files[i], error);
    if (ok)
        bytes = write_image(image, error);
    iso_image_unref(image);
    return bytes;
}

static GBytes *isofs_iso(FctMedia *media, const char *label, const FctMediaFile *files, gsize n, GError **error)
{
    gsize total = 0;
    for (gsize i = 0; i < n; i++)
        total += files[i].length;
    if (total > CONTENT_MAX) {
        fct_set_error(error, FCT_ERROR_TOO_LARGE, "The first-boot data is larger than %d MiB.", CONTENT_MAX >> 20);
        return NULL;
    }
    fct_autolock(&lock);
    return make_iso(label, files, n, error);
}

static void isofs_free(FctMedia *media)
{
    g_free(media);
}

FctMedia *fct_media_isofs_new(void)
{
    static const FctMediaOps ops = {.iso = isofs_iso, .free = isofs_free};
    FctMedia *media = g_new0(FctMedia, 1);
    media->ops = &ops;
    return media;
}
