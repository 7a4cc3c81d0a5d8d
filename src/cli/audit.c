/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <gio/gunixoutputstream.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *show_time(gint64 ms)
{
    static char text[40];
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(ms / 1000);
    g_autofree char *shown = time ? g_date_time_format(time, "%F %T") : g_strdup("—");
    g_strlcpy(text, shown, sizeof text);
    return text;
}

int fct_verb_audit_list(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *row;
    if (argc != 1)
        return fct_cli_usage("audit list takes nothing more.");
    if (!fct_client_list(cli->client, "/audit?limit=500", &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("TIME", "USER", "FROM", "OUTCOME", "SUBJECT", "WHAT", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, row)
        fct_table_row(table, show_time(fct_json_int(row, "time_ms", 0)), fct_json_str(row, "user", ""),
                      fct_json_str(row, "address", ""), fct_json_str(row, "outcome", ""),
                      fct_json_str(row, "subject", ""), fct_json_str(row, "text", ""), NULL);
    fct_table_print(table);
    return 0;
}

int fct_verb_audit_refused(FctCli *cli, int argc, char **argv)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *row;
    if (argc != 1)
        return fct_cli_usage("audit refused takes nothing more.");
    if (!fct_client_list(cli->client, "/audit/refused?limit=500", &answer, &error))
        return fct_cli_fail(cli, error);
    if (cli->json) {
        fct_print_json(answer);
        return 0;
    }
    FctTable *table = fct_table_new("MINUTE", "FROM", "#REFUSED", "NAMES TRIED", NULL);
    json_array_foreach (json_object_get(answer, "items"), i, row) {
        const json_t *names = json_object_get(row, "names");
        g_autoptr(GString) tried = g_string_new(NULL);
        g_autofree char *count = g_strdup_printf("%" G_GINT64_FORMAT, fct_json_int(row, "count", 0));
        const char *address = fct_json_str(row, "address", "");
        for (size_t n = 0; n < json_array_size(names); n++)
            g_string_append_printf(tried, "%s%s", n ? ", " : "", json_string_value(json_array_get(names, n)));
        fct_table_row(table, show_time(fct_json_int(row, "minute_ms", 0)), *address ? address : "others", count,
                      tried->str, NULL);
    }
    fct_table_print(table);
    return 0;
}

/* "2026-11-30", or with a time of day. FALSE: it is neither. */
static gboolean add_time(GString *path, const char *name, const char *text)
{
    g_autoptr(GTimeZone) here = g_time_zone_new_local();
    g_autofree char *whole =
        text && !strchr(text, 'T') ? g_strconcat(text, "T00:00:00", NULL) : g_strdup(text ? text : "");
    if (!text)
        return TRUE;
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(whole, here);
    if (time)
        g_string_append_printf(path, "&%s=%" G_GINT64_FORMAT, name, g_date_time_to_unix(time) * 1000);
    return time != NULL;
}

static void on_progress(gint64 done, gint64 total, gpointer data)
{ /* a text of some MiB at most: not worth a line */
}

int fct_verb_audit_export(FctCli *cli, int argc, char **argv)
{
    g_autofree char *since = NULL, *until = NULL;
    gboolean csv = FALSE;
    GOptionEntry entries[] = {
        {"since", 0, 0, G_OPTION_ARG_STRING, &since, "From this day or time on: 2026-11-30, 2026-11-30T08:00", "TIME"},
        {"until", 0, 0, G_OPTION_ARG_STRING, &until, "Up to this day's beginning, or time", "TIME"},
        {"csv", 0, 0, G_OPTION_ARG_NONE, &csv, "A table instead of one JSON object a line", NULL},
        {NULL}};
    g_autoptr(GError) error = NULL;
    if (!fct_cli_options("[FILE]", entries, &argc, &argv))
        return 2;
    g_autoptr(GString) path = g_string_new("/audit/export?format=");
    g_string_append(path, csv ? "csv" : "jsonl");
    if (argc > 2 || !add_time(path, "since_ms", since) || !add_time(path, "until_ms", until))
        return fct_cli_usage(argc > 2 ? "audit export takes one file at most."
                                      : "Write a day as 2026-11-30, a time as 2026-11-30T08:00:00.");
    g_autoptr(GFile) file = argc == 2 ? g_file_new_for_commandline_arg(argv[1]) : NULL;
    g_autoptr(GOutputStream) out =
        file ? G_OUTPUT_STREAM(g_file_replace(file, NULL, FALSE, G_FILE_CREATE_PRIVATE, NULL, &error))
             : g_unix_output_stream_new(STDOUT_FILENO, FALSE);
    if (error) {
        g_autoptr(GError) fault = NULL;
        fct_cli_local(g_steal_pointer(&error), &fault);
        return fct_cli_fail(cli, fault);
    }
    if (!fct_client_download(cli->client, path->str, out, on_progress, NULL, &error))
        return fct_cli_fail(cli, error);
    return g_output_stream_close(out, NULL, NULL) ? 0 : 1;
}
