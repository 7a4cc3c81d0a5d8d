/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line `facet`: a client of the API and nothing else. One file per noun, or one for each side of it; each
 * verb is a row (verb.h) and a function beside it, which returns a process exit status (errors.def gives it by cause).
 * Single-threaded, blocking.
 */
#pragma once
#include "base/json.h"
#include "cli/args.h"
#include "cli/nouns.h"

#include <gio/gio.h>
#include <stdio.h>

typedef struct FctClient FctClient;

struct FctCli {
    FctClient *client;
    const FctNoun *const *nouns; /* all that it can do, for those verbs that tell of others */
    gboolean json;               /* --json: answers as the API gave them */
};

/* client.c: @ca pins a certificate file; "" uses the system's authorities. Token may be NULL. */
FctClient *fct_client_new(const char *url, const char *ca, const char *token);
void fct_client_free(FctClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctClient, fct_client_free)
const char *fct_client_url(const FctClient *client);
/* One request under /api/v1. @body may be NULL; @if_match 0 sends none. *ret (if wanted) gets a new reference or NULL
 * on 204. */
gboolean fct_client_call(FctClient *client, const char *method, const char *path, json_t *body, guint64 if_match,
                         json_t **ret, GError **error);
/* A list as a whole, whatever pages it comes in; @path may have a query. *ret gets a new reference. */
gboolean fct_client_list(FctClient *client, const char *path, json_t **ret, GError **error);
/* @total -1: the server did not say. */
typedef void (*FctProgress)(gint64 done, gint64 total, gpointer data);
/* Sends the rest of a file of @total bytes, of which @from are there; @stream stands behind them. */
gboolean fct_client_upload(FctClient *client, const char *path, GInputStream *stream, gint64 from, gint64 total,
                           FctProgress progress, gpointer data, json_t **ret, GError **error);
/* Writes what the server gives to @out, which stays open. */
gboolean fct_client_download(FctClient *client, const char *path, GOutputStream *out, FctProgress progress,
                             gpointer data, GError **error);
/* Path segment, escaped. Free with g_free. */
char *fct_client_segment(const char *text);
/* PEM of the certificate that the server presents now, unverified: for the first `facet login`. */
char *fct_client_peer_certificate(const char *url, char **ret_fingerprint, GError **error);

/* config.c: ~/.config/facet/config.json (FACET_CONFIG names another), mode 0600: {"url","token","ca"}. */
json_t *fct_config_load(void); /* never NULL */
gboolean fct_config_save(const json_t *config, GError **error);
char *fct_config_dir(void);

/* output.c */
typedef struct FctTable FctTable;
FctTable *fct_table_new(const char *first, ...) G_GNUC_NULL_TERMINATED; /* headings; "#NAME" aligns right */
void fct_table_row(FctTable *table, const char *first, ...) G_GNUC_NULL_TERMINATED;
void fct_table_print(FctTable *table); /* prints and frees; nothing but the heading when there is no row */
/* "—" when unknown. Static buffers: valid until the eighth next call. */
const char *fct_show_reading(const json_t *reading, const char *unit);
const char *fct_show_mib(const json_t *reading);
/* What goes wrong on this side is for the caller to correct, and no fault of Facet. Takes @fault over. FALSE. */
gboolean fct_cli_local(GError *fault, GError **error);
/* Writes the error for people to stderr (or as JSON) and returns its exit status. */
int fct_cli_fail(const FctCli *cli, const GError *error);
int fct_cli_usage(const char *format, ...) G_GNUC_PRINTF(1, 2); /* 2 */
void fct_print_json(const json_t *json);
void fct_print_verdicts(FILE *out, const json_t *verdicts);
/* Names of a list, with commas; free it. */
char *fct_names_joined(const json_t *names);
/* Asks on the terminal; FALSE when stdin is none. */
gboolean fct_cli_ask(const char *question);
/*
 * Before anything is lost for good, the same for every verb: TRUE when it may go on. Where nobody can be asked it takes
 * --yes; the exit status is in *ret_status then, and when the answer is no.
 */
gboolean fct_cli_confirm(gboolean yes, int *ret_status, const char *question, ...) G_GNUC_PRINTF(3, 4);
/* Before something is stopped, cut or let go, which can be begun again: asks at a terminal; a script goes on. */
gboolean fct_cli_confirm_stop(gboolean yes, int *ret_status, const char *question, ...) G_GNUC_PRINTF(3, 4);
/* One object: as it is with --json, otherwise its plain members, a line each. */
void fct_cli_show(const FctCli *cli, const json_t *object);
/* What was done, where the API answers nothing: a sentence, or an object with it. Always 0. */
int fct_cli_said(const FctCli *cli, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* "2026-11-29 14:05", "—" for null. Static buffers, as those of fct_show_reading. */
const char *fct_show_time(const json_t *ms);
/* A line from stdin, not echoed on a terminal, where @prompt is shown; NULL: none. Free it. */
char *fct_cli_read_secret(const char *prompt);
/* Whether an upload that was begun promises the same bytes; @sha256 NULL: nobody asks. */
gboolean fct_cli_same_sum(const char *sha256, const json_t *resource);

/*
 * terminal.c. What a terminal would act on is written out from here on, whoever prints it: names and sentences come
 * from guests, foreign VMs and other people. Once, before anything is printed; not where a program reads JSON.
 */
void fct_cli_guard_output(void);
/* For fct_client_upload and the like: one line on a terminal that is written over. @data: gint64, -1 at first. */
void fct_cli_progress(gint64 done, gint64 total, gpointer data);

/* dispatch.c: runs the verb that the words name; its exit status. @argv: allocated words up to NULL; --json is taken
 * out and freed. */
int fct_cli_dispatch(FctCli *cli, int argc, char **argv);

/* picture.c: a card as a ruler of its real units. @items: [{start,size,profile,not_whole,holder,kept,busy}]. */
void fct_print_card(int units, const json_t *items, const json_t *stranded);

/* task.c: follows a task to its end with live steps; exit status by cause. */
int fct_task_follow(FctCli *cli, json_t *task);

/*
 * plan.c: previews @request, prints it, and unless --plan was said applies it and follows the task. The row of the verb
 * asks by its plan, and has FCT_OPTION_PLAN.
 */
int fct_plan_run(FctCli *cli, const FctArgs *args, json_t *request);
