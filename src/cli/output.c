/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct FctTable {
    GPtrArray *cells; /* char*, row by row, headings first */
    guint columns;
};

static void add_cells(FctTable *table, const char *first, va_list ap)
{
    guint n = 0;
    for (const char *cell = first; cell; cell = va_arg(ap, const char *), n++)
        g_ptr_array_add(table->cells, g_strdup(cell));
    g_assert(table->columns == 0 || n == table->columns);
    table->columns = n;
}

FctTable *fct_table_new(const char *first, ...)
{
    FctTable *table = g_new0(FctTable, 1);
    table->cells = g_ptr_array_new_with_free_func(g_free);
    va_list ap;
    va_start(ap, first);
    add_cells(table, first, ap);
    va_end(ap);
    return table;
}

void fct_table_row(FctTable *table, const char *first, ...)
{
    va_list ap;
    va_start(ap, first);
    add_cells(table, first, ap);
    va_end(ap);
}

/* Columns of a terminal; wide characters do not occur in our data, combining ones may in names. */
static int width_of(const char *text)
{
    int width = 0;
    for (const char *p = text; *p; p = g_utf8_next_char(p))
        if (!g_unichar_iszerowidth(g_utf8_get_char(p)))
            width += g_unichar_iswide(g_utf8_get_char(p)) ? 2 : 1;
    return width;
}

static const char *heading(const char *cell, gboolean *ret_right)
{
    *ret_right = *cell == '#';
    return *ret_right ? cell + 1 : cell;
}

void fct_table_print(FctTable *table)
{
    g_autofree int *widths = g_new0(int, table->columns);
    guint rows = table->cells->len / table->columns;
    for (guint i = 0; i < table->cells->len; i++) {
        gboolean right;
        const char *cell = g_ptr_array_index(table->cells, i);
        int width = width_of(i < table->columns ? heading(cell, &right) : cell);
        widths[i % table->columns] = MAX(widths[i % table->columns], width);
    }
    for (guint row = 0; row < rows; row++) {
        g_autoptr(GString) line = g_string_new(NULL);
        for (guint column = 0; column < table->columns; column++) {
            gboolean right;
            const char *title = heading(g_ptr_array_index(table->cells, column), &right);
            const char *cell = row ? g_ptr_array_index(table->cells, row * table->columns + column) : title;
            int pad = widths[column] - width_of(cell);
            g_string_append_printf(line, "%*s%s%*s  ", right ? pad : 0, "", cell, right ? 0 : pad, "");
        }
        puts(g_strchomp(line->str));
    }
    g_ptr_array_unref(table->cells);
    g_free(table);
}

static char *next_buffer(void)
{
    static char buffers[8][64];
    static unsigned turn;
    return buffers[turn++ % G_N_ELEMENTS(buffers)];
}

const char *fct_show_reading(const json_t *reading, const char *unit)
{
    char *buffer = next_buffer();
    if (!json_is_number(reading))
        return "—";
    g_snprintf(buffer, 64, "%.0f%s", json_number_value(reading), unit);
    return buffer;
}

const char *fct_show_mib(const json_t *reading)
{
    char *buffer = next_buffer();
    if (!json_is_number(reading))
        return "—";
    double mib = json_number_value(reading);
    if (mib >= 10240)
        g_snprintf(buffer, 64, "%.0f GiB", mib / 1024);
    else if (mib >= 1024)
        g_snprintf(buffer, 64, "%.1f GiB", mib / 1024);
    else
        g_snprintf(buffer, 64, "%.0f MiB", mib);
    return buffer;
}

void fct_print_json(const json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_ENCODE_ANY);
    puts(text ? text : "null");
    free(text);
}

static void print_list(const json_t *details, const char *key, const char *title)
{
    size_t i;
    json_t *item;
    json_t *list = json_object_get(details, key);
    if (json_array_size(list))
        fprintf(stderr, "%s\n", title);
    json_array_foreach (list, i, item)
        if (json_is_string(item))
            fprintf(stderr, "  · %s\n", json_string_value(item));
}

int fct_cli_fail(const FctCli *cli, const GError *error)
{
    g_autoptr(json_t) problem = fct_error_to_json(error);
    if (cli->json) {
        g_autoptr(json_t) whole = json_pack("{s:O}", "error", problem);
        fct_print_json(whole);
    } else {
        json_t *details = json_object_get(problem, "details");
        fprintf(stderr, "facet: %s\n", error->message);
        if (!json_array_size(json_object_get(details, "verdicts")))
            print_list(details, "reasons", "Why:");
        print_list(details, "holders", "Held by:");
        /* Verdicts say the reasons again, with what to do about each. */
        fct_print_verdicts(stderr, json_object_get(details, "verdicts"));
        print_list(details, "alternatives", "What would work:");
        fprintf(stderr, "%s\n", fct_json_str(problem, "next", ""));
    }
    return fct_error_exit_status(fct_error_code(error));
}

void fct_print_verdicts(FILE *out, const json_t *verdicts)
{
    size_t i;
    json_t *verdict;
    json_array_foreach (verdicts, i, verdict)
        fprintf(out, "  %-7s %s %s\n", fct_json_str(verdict, "severity", ""), fct_json_str(verdict, "sentence", ""),
                fct_json_str(verdict, "next", ""));
}

int fct_cli_usage(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    fprintf(stderr, "facet: %s\n", text);
    return 2;
}

gboolean fct_cli_ask(const char *question)
{
    char line[16];
    if (!isatty(STDIN_FILENO))
        return FALSE;
    fprintf(stderr, "%s [y/N] ", question);
    return fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
}

gboolean fct_cli_options(const char *usage, GOptionEntry *entries, int *argc, char ***argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new(usage);
    g_autoptr(GError) fault = NULL;
    static const GOptionEntry none[] = {{NULL}};
    g_option_context_add_main_entries(context, entries ? entries : none, NULL);
    if (g_option_context_parse(context, argc, argv, &fault))
        return TRUE;
    fct_cli_usage("%s", fault->message);
    return FALSE;
}
