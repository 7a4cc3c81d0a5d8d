/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images that are files: checking, converting and deleting them. qemu-img does the work, since it knows the formats and
 * leaves holes.
 */
#include "base/scope.h"
#include "virt/virt.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MIN_S 60
#define TICK_MS 300
#define BYTES_PER_S (8 * 1024 * 1024) /* slower than any disk on which people keep VMs */

typedef struct {
    GMainLoop *loop;
    GSubprocess *child;
    char *out, *err;
    gboolean late, cancelled;
    GError *fault;
    const char *target; /* what grows */
    gint64 total;
    FctVmmProgress progress; /* NULL: progress is not told */
    gpointer data;
} Child;

static void child_done(GObject *source, GAsyncResult *result, gpointer data)
{
    Child *c = data;
    g_subprocess_communicate_utf8_finish(c->child, result, &c->out, &c->err, &c->fault);
    g_main_loop_quit(c->loop);
}

static gboolean child_late(gpointer data)
{
    Child *c = data;
    c->late = TRUE;
    g_subprocess_force_exit(c->child);
    return G_SOURCE_REMOVE;
}

static gboolean child_tick(gpointer data)
{
    Child *c = data;
    struct stat st;
    gint64 done = stat(c->target, &st) == 0 ? (gint64)st.st_blocks * 512 : 0;
    if (c->cancelled || c->progress(MIN(done, c->total), c->total, c->data))
        return G_SOURCE_CONTINUE;
    c->cancelled = TRUE;
    g_subprocess_force_exit(c->child);
    return G_SOURCE_CONTINUE;
}

static void set_tool_error(GError **error, const char *err)
{
    g_autofree char *words = g_strstrip(g_strdup(err && *err ? err : "no reason given"));
    gboolean full = strstr(words, "No space left") || strstr(words, "Disk quota");
    fct_set_error(error, full ? FCT_ERROR_NO_SPACE : FCT_ERROR_INTERNAL, "The disk could not be made: %s.", words);
}

/* Attached to @context for as long as the result lives. */
static GSource *tick_source(Child *c, GMainContext *context)
{
    GSource *tick = g_timeout_source_new(TICK_MS);
    g_source_set_callback(tick, child_tick, c, NULL);
    g_source_attach(tick, context);
    return tick;
}

/*
 * Runs qemu-img and kills it after @seconds. @ret_out: its output, also when it fails; or NULL. @watched: progress, or
 * NULL.
 */
static gboolean run_watched(const char *const *argv, guint seconds, const Child *watched, char **ret_out,
                            GError **error)
{
    GSubprocessFlags flags = ret_out ? G_SUBPROCESS_FLAGS_STDOUT_PIPE : G_SUBPROCESS_FLAGS_STDOUT_SILENCE;
    g_autoptr(GMainContext) context = g_main_context_new();
    g_main_context_push_thread_default(context);
    Child c = watched ? *watched : (Child){0};
    c.loop = g_main_loop_new(context, FALSE);
    c.child = g_subprocess_newv(argv, flags | G_SUBPROCESS_FLAGS_STDERR_PIPE, error);
    gboolean ok = FALSE;
    if (c.child) {
        g_autoptr(GSource) timer = g_timeout_source_new_seconds(seconds);
        g_source_set_callback(timer, child_late, &c, NULL);
        g_source_attach(timer, context);
        g_autoptr(GSource) tick = c.progress ? tick_source(&c, context) : NULL;
        g_subprocess_communicate_utf8_async(c.child, NULL, NULL, child_done, &c);
        g_main_loop_run(c.loop);
        g_source_destroy(timer);
        if (tick)
            g_source_destroy(tick);
        ok = !c.fault && g_subprocess_get_successful(c.child);
        if (!ok && c.cancelled)
            fct_set_error(error, FCT_ERROR_CANCELLED, "Making the disk was cancelled.");
        else if (!ok && c.late)
            fct_set_error(error, FCT_ERROR_TIMEOUT, "Making the disk took more than %u s.", seconds);
        else if (!ok)
            set_tool_error(error, c.fault ? c.fault->message : c.err);
        g_object_unref(c.child);
    }
    g_main_loop_unref(c.loop);
    g_main_context_pop_thread_default(context);
    g_clear_error(&c.fault);
    if (ret_out)
        *ret_out = g_steal_pointer(&c.out);
    g_free(c.out);
    g_free(c.err);
    return ok;
}

static gboolean run_tool(const char *const *argv, guint seconds, char **ret_out, GError **error)
{
    return run_watched(argv, seconds, NULL, ret_out, error);
}

static gboolean disk_set_errno(GError **error, const char *what, const char *path)
{
    int e = errno;
    FctErrorCode code = e == ENOSPC || e == EDQUOT ? FCT_ERROR_NO_SPACE
                        : e == ENOENT              ? FCT_ERROR_NOT_FOUND
                                                   : FCT_ERROR_INTERNAL;
    return fct_set_error(error, code, "%s %s: %s.", what, path, g_strerror(e));
}

static gboolean flush_folder(const char *path, GError **error)
{
    fct_autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return (fd >= 0 && fsync(fd) == 0) || disk_set_errno(error, "Could not write", path);
}

/* Checked before rather than after minutes of copying. The image's blocks are a lower bound of what the copy needs. */
static gboolean disk_check_space(const char *image, const char *folder, goffset *ret_bytes, GError **error)
{
    struct stat st;
    struct statvfs fs;
    if (stat(image, &st) < 0)
        return disk_set_errno(error, "The image cannot be read:", image);
    if (statvfs(folder, &fs) < 0)
        return disk_set_errno(error, "The folder for disks cannot be read:", folder);
    *ret_bytes = (goffset)st.st_blocks * 512;
    if ((goffset)fs.f_bavail * (goffset)fs.f_frsize >= *ret_bytes)
        return TRUE;
    return fct_set_error(error, FCT_ERROR_NO_SPACE,
                         "The disk needs %" G_GOFFSET_FORMAT " MiB in %s; there are %" G_GUINT64_FORMAT " MiB free.",
                         *ret_bytes >> 20, folder, (guint64)fs.f_bavail * fs.f_frsize >> 20);
}

/* qemu-img leaves what it wrote in the page cache: until it is on the disk a power cut can lose it. */
static gboolean flush_file(const char *path, GError **error)
{
    fct_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    return (fd >= 0 && fsync(fd) == 0) || disk_set_errno(error, "Could not write", path);
}

gboolean fct_virt_disk_convert(FctVmm *vmm, const char *image, const char *format, const char *target,
                               const char *target_format, FctVmmProgress progress, gpointer data, GError **error)
{
    const char *const argv[] = {"qemu-img", "convert", "-f", format, "-O", target_format, "--", image, target, NULL};
    g_autofree char *folder = g_path_get_dirname(target);
    goffset bytes = 0;
    if (!disk_check_space(image, folder, &bytes, error))
        return FALSE;
    int fd = open(target, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return disk_set_errno(error, "Could not make", target);
    close(fd);
    const Child watched = {.target = target, .total = MAX(bytes, 1), .progress = progress, .data = data};
    if (run_watched(argv, MIN_S + (guint)(bytes / BYTES_PER_S), &watched, NULL, error) && flush_file(target, error) &&
        flush_folder(folder, error))
        return TRUE;
    unlink(target);
    return FALSE;
}

static gboolean not_taken(GError **error, GError *fault, const char *format)
{
    if (fault->code == FCT_ERROR_INTERNAL) {
        fct_set_error_full(error, FCT_ERROR_REFUSED, "Get it again, or convert it anew.", NULL,
                           "QEMU does not take the file as %s.", format);
        g_error_free(fault);
    } else {
        g_propagate_error(error, fault);
    }
    return FALSE;
}

/*
 * Anybody may have made the image, so qemu-img gets little memory and time and never guesses the format. NULL with
 * @error when it failed without an answer.
 */
static json_t *ask_tool(const char *what, const char *path, const char *format, guint seconds, GError **error)
{
    g_autofree char *cpu = g_strdup_printf("--cpu=%u", seconds), *out = NULL;
    const char *const argv[] = {
        "prlimit", "--as=1073741824", cpu, "qemu-img", what, "--output=json", "-f", format, "--", path, NULL};
    g_autoptr(GError) fault = NULL;
    gboolean ok = run_tool(argv, MIN_S + 4 * seconds, &out, &fault);
    json_t *answer = out ? json_loads(out, 0, NULL) : NULL;
    if (answer || (ok && (answer = json_object())))
        return answer;
    not_taken(error, g_steal_pointer(&fault), format);
    return NULL;
}

/* Leaked clusters are no damage; QEMU runs with them. */
static gboolean image_is_sound(const char *path, const char *format, goffset size, GError **error)
{
    guint seconds = 20 + (guint)(size >> 30); /* its tables are some ten thousandth of it */
    g_autoptr(json_t) answer = ask_tool("check", path, format, seconds, error);
    if (!answer)
        return FALSE;
    gint64 wrong = fct_json_int(answer, "corruptions", 0), unread = fct_json_int(answer, "check-errors", 0);
    if (wrong == 0 && unread == 0)
        return TRUE;
    return fct_set_error_full(error, FCT_ERROR_REFUSED,
                              "The download broke off, most likely. Get the file again, and compare its SHA-256.",
                              json_pack("{s:I, s:I, s:I}", "corruptions", (json_int_t)wrong, "check_errors",
                                        (json_int_t)unread, "leaks", (json_int_t)fct_json_int(answer, "leaks", 0)),
                              "The image is damaged: qemu-img check counts %" G_GINT64_FORMAT " faults in it%s.", wrong,
                              unread ? ", and could not read all of it" : "");
}

gboolean fct_virt_disk_check(FctVmm *vmm, const char *path, const char *format, gint64 *ret_bytes, GError **error)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return disk_set_errno(error, "The image cannot be read:", path);
    g_autoptr(json_t) info = ask_tool("info", path, format, 20, error);
    if (!info)
        return FALSE;
    json_t *data = json_object_get(json_object_get(info, "format-specific"), "data");
    *ret_bytes = fct_json_int(info, "virtual-size", 0);
    if (*ret_bytes > 0 && !json_object_get(info, "backing-filename") && !json_object_get(data, "data-file"))
        return strcmp(format, "qcow2") != 0 || image_is_sound(path, format, st.st_size, error);
    return fct_set_error_full(error, FCT_ERROR_REFUSED,
                              "Make it whole with “qemu-img convert -O qcow2”, then upload that.", NULL,
                              "The image is empty or keeps its data in another file.");
}

gboolean fct_virt_disk_delete(FctVmm *vmm, const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    if (unlink(path) < 0 && errno != ENOENT)
        return disk_set_errno(error, "Could not delete", path);
    return !g_file_test(folder, G_FILE_TEST_IS_DIR) || flush_folder(folder, error);
}
