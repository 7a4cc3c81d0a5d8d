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

static int audit_list(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *row;
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

static int audit_refused(FctCli *cli, const FctArgs *args)
{
    g_autoptr(json_t) answer = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;
    json_t *row;
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

static int audit_export(FctCli *cli, const FctArgs *args)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) path = g_string_new("/audit/export?format=");
    g_string_append(path, fct_args_flag(args, "csv") ? "csv" : "jsonl");
    if (!add_time(path, "since_ms", fct_args_text(args, "since")) ||
        !add_time(path, "until_ms", fct_args_text(args, "until")))
        return fct_cli_usage("Write a day as 2026-11-30, a time as 2026-11-30T08:00:00.");
    const char *target = fct_args_word(args, 0);
    g_autoptr(GFile) file = target ? g_file_new_for_commandline_arg(target) : NULL;
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

static const FctVerb verbs[] = {
    {"audit list", "Who changed what, newest first", audit_list},
    {"audit export", "All of the audit that is kept, oldest first", audit_export,
     .operands = {{"FILE", FCT_KIND_PATH, FCT_MAY}},
     .options =
         FCT_OPTIONS({"since", .value = "TIME", .help = "From this day or time on: 2026-11-30, 2026-11-30T08:00"},
                     {"until", .value = "TIME", .help = "Up to this day's beginning, or time"},
                     {"csv", .help = "A table instead of one JSON object a line"}),
     .note = "Without a file it is printed.", .examples = {"facet audit export --since 2026-11-30 --csv audit.csv"}},
    {"audit refused", "Failed sign-ins, by address and minute", audit_refused},
    {NULL},
};
static const FctVerb *const tables[] = {verbs, NULL};
const FctNoun fct_noun_audit = {"audit", "who changed what, and who tried to sign in", tables};
