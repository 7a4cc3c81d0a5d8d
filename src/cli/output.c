/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "base/plain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

struct FctTable {
    GPtrArray *cells; /* char*, row by row, headings first */
    guint columns;
};

/* Names come from the host and from other people. */
static void add_cells(FctTable *table, const char *first, va_list ap)
{
    guint n = 0;
    for (const char *cell = first; cell; cell = va_arg(ap, const char *), n++)
        g_ptr_array_add(table->cells, fct_plain_shown(cell));
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
    /* A program gets the characters as they are; a terminal nothing that it would act on. */
    gsize flags = isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0;
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_ENCODE_ANY | flags);
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

/* The API tells of its fields; a person here has typed options. */
static char *in_options(const char *text)
{
    static const char *const names[][2] = {{"vcpus", "--cpus"},
                                           {"memory_mib", "--memory"},
                                           {"disk_gib", "--disk"},
                                           {"size_gib", "--size"},
                                           {"devices", "--device"},
                                           {"nics", "--network"},
                                           {"disks", "--more-disk"},
                                           {"boot", "--boot"},
                                           {"os", "--os"},
                                           {"image", "--image"},
                                           {"iso", "--iso"},
                                           {"volume", "--volume"},
                                           {"pool", "--pool"},
                                           {"template", "--template"},
                                           {"role", "--role"},
                                           {"format", "--format"},
                                           {"description", "--description"}};
    GString *said = g_string_new(text);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *field = g_strdup_printf("“%s”", names[i][0]);
        g_string_replace(said, field, names[i][1], 0);
    }
    return g_string_free(said, FALSE);
}

/* Where the sentence does not say so itself. */
static void print_field(const char *said, const json_t *details)
{
    g_autofree char *quoted = g_strdup_printf("“%s”", fct_json_str(details, "field", ""));
    g_autofree char *option = in_options(quoted);
    if (g_str_has_prefix(option, "--") && !strstr(said, option))
        fprintf(stderr, "The option is %s.\n", option);
}

gboolean fct_cli_local(GError *fault, GError **error)
{
    if (fault->domain == FCT_ERROR || fct_error_code(fault) == FCT_ERROR_NO_SPACE) {
        g_propagate_error(error, fault);
        return FALSE;
    }
    fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Check the path.", NULL, "%s", fault->message);
    g_error_free(fault);
    return FALSE;
}

/* The one verdict is the error itself. */
static gboolean says_the_same(const char *message, const json_t *verdicts)
{
    const char *sentence = fct_json_str(json_array_get(verdicts, 0), "sentence", "");
    return json_array_size(verdicts) == 1 && *sentence && strstr(message, sentence);
}

int fct_cli_fail(const FctCli *cli, const GError *error)
{
    g_autoptr(json_t) problem = fct_error_to_json(error);
    g_autofree char *said = in_options(error->message);
    if (cli->json) {
        g_autoptr(json_t) whole = json_pack("{s:O}", "error", problem);
        fct_print_json(whole);
    } else {
        json_t *details = json_object_get(problem, "details");
        fprintf(stderr, "facet: %s\n", said);
        print_field(said, details);
        if (!json_array_size(json_object_get(details, "verdicts")))
            print_list(details, "reasons", "Why:");
        print_list(details, "holders", "Held by:");
        /* Verdicts say the reasons again, with what to do about each. */
        if (!says_the_same(error->message, json_object_get(details, "verdicts")))
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
    fflush(stderr); /* no line ends here */
    return fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
}

static gboolean agreed(const char *text, int *ret_status)
{
    if (fct_cli_ask(text))
        return TRUE;
    *ret_status = fct_cli_usage("Nothing was changed.");
    return FALSE;
}

gboolean fct_cli_confirm(gboolean yes, int *ret_status, const char *question, ...)
{
    va_list ap;
    va_start(ap, question);
    g_autofree char *text = g_strdup_vprintf(question, ap);
    va_end(ap);
    if (yes || isatty(STDIN_FILENO))
        return yes || agreed(text, ret_status);
    *ret_status = fct_cli_usage("%s Nothing was changed: there is nobody to ask. Add --yes to go on.", text);
    return FALSE;
}

gboolean fct_cli_confirm_stop(gboolean yes, int *ret_status, const char *question, ...)
{
    va_list ap;
    va_start(ap, question);
    g_autofree char *text = g_strdup_vprintf(question, ap);
    va_end(ap);
    return yes || !isatty(STDIN_FILENO) || agreed(text, ret_status);
}

void fct_cli_show(const FctCli *cli, const json_t *object)
{
    const char *key;
    json_t *value;
    if (cli->json) {
        fct_print_json(object);
        return;
    }
    json_object_foreach ((json_t *)object, key, value) {
        g_autofree char *text = json_is_string(value) ? g_strdup(json_string_value(value))
                                : json_is_null(value) ? g_strdup("—")
                                                      : fct_json_text(value);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        g_autofree char *shown = g_strjoinv("\n                 ", lines); /* or it could look like another member */
        printf("%-16s %s\n", key, shown);
    }
}

int fct_cli_said(const FctCli *cli, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    if (cli->json) {
        g_autoptr(json_t) json = json_pack("{s:s}", "message", text);
        fct_print_json(json);
    } else {
        puts(text);
    }
    return 0;
}

const char *fct_show_time(const json_t *ms)
{
    char *buffer = next_buffer();
    if (!json_is_integer(ms))
        return "—";
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(json_integer_value(ms) / 1000);
    g_autofree char *text = g_date_time_format(time, "%Y-%m-%d %H:%M");
    g_strlcpy(buffer, text, 64);
    return buffer;
}

char *fct_cli_read_secret(const char *prompt)
{
    struct termios before;
    gboolean terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    char line[2048];
    if (terminal) {
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet); /* before the prompt: whoever answers it at once loses nothing */
        fprintf(stderr, "%s: ", prompt);
        fflush(stderr); /* no line ends here */
    }
    gboolean got = fgets(line, sizeof line, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    char *secret = got ? g_strdup(g_strchomp(line)) : NULL;
    explicit_bzero(line, sizeof line);
    return secret;
}

char *fct_names_joined(const json_t *names)
{
    GString *text = g_string_new(NULL);
    size_t i;
    json_t *name;
    json_array_foreach ((json_t *)names, i, name)
        g_string_append_printf(text, "%s%s", i ? ", " : "", json_string_value(name));
    return g_string_free(text, FALSE);
}
