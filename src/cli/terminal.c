/* SPDX-License-Identifier: Apache-2.0 */
#include "base/plain.h"
#include "cli/cli.h"

#include <stdio.h>
#include <unistd.h>

/* What is written to one descriptor; a character of which only the first bytes have come waits in @rest. */
typedef struct {
    int fd;
    GString *rest;
} Output;

static gboolean write_all(int fd, const char *data, gsize size)
{
    for (gssize n; size; data += n, size -= (gsize)n)
        if ((n = write(fd, data, size)) < 0)
            return FALSE;
    return TRUE;
}

/* How many of the last bytes of @text begin a character that is not whole. */
static gsize unfinished(const GString *text)
{
    for (gsize back = 1; back <= MIN(text->len, 3); back++)
        if (g_utf8_get_char_validated(text->str + text->len - back, (gssize)back) == (gunichar)-2)
            return back;
    return 0;
}

/* Lines and tabs are ours: they stand between the texts that others gave. */
static void add_plain(GString *shown, const char *text)
{
    for (gsize length; *text; text += length) {
        length = strcspn(text, "\n\t");
        g_autofree char *part = g_strndup(text, length);
        g_autofree char *plain = fct_plain_shown(part);
        g_string_append(shown, plain);
        if (text[length])
            g_string_append_c(shown, text[length++]);
    }
}

static ssize_t output_write(void *cookie, const char *data, size_t size)
{
    Output *output = cookie;
    g_autoptr(GString) shown = g_string_new(NULL);
    g_string_append_len(output->rest, data, (gssize)size);
    gsize whole = output->rest->len - unfinished(output->rest);
    g_autofree char *text = g_strndup(output->rest->str, whole);
    g_string_erase(output->rest, 0, (gssize)whole);
    add_plain(shown, text);
    return write_all(output->fd, shown->str, shown->len) ? (ssize_t)size : -1;
}

static void guard(FILE **stream, int fd, int mode)
{
    static const cookie_io_functions_t functions = {.write = output_write};
    static Output outputs[STDERR_FILENO + 1];
    outputs[fd] = (Output){fd, g_string_new(NULL)};
    FILE *guarded = fopencookie(&outputs[fd], "w", functions);
    if (!guarded)
        return;
    setvbuf(guarded, NULL, mode, 0);
    *stream = guarded;
}

void fct_cli_guard_output(void)
{
    guard(&stdout, STDOUT_FILENO, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
    guard(&stderr, STDERR_FILENO, _IOLBF);
}

void fct_cli_progress(gint64 done, gint64 total, gpointer data)
{
    gint64 *shown = data;
    gint64 percent = total > 0 ? done * 100 / total : 100;
    if (percent == *shown || !isatty(STDERR_FILENO))
        return;
    *shown = percent;
    dprintf(STDERR_FILENO, "\r%3d %%%s", (int)percent, percent == 100 ? "\n" : "");
}
