/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole facetd in the test's process: store in memory, a modelled host (hw_model.h), the real server on a free port,
 * and a client that speaks HTTPS to it.
 */
#pragma once
#include "app/app.h"

#include <libsoup/soup.h>

typedef struct {
    FctApp *app;
    FctHw *hw;       /* hw_model.h; the app owns it */
    FctStore *store; /* borrowed */
    FctVmm *vmm;     /* set before the set-up, which gives it to the app; NULL: a node without VMs */
    char *dir;
    SoupSession *client;
    char *cookie, *token;                      /* sent with each request when not NULL; owned */
    char *if_match;                            /* sent with the next request only; owned */
    char *origin;                              /* sent with each request when not NULL; owned */
    char *host, *forwarded;                    /* Host and X-Forwarded-For, sent when not NULL; owned */
    const char *const *names, *const *proxies; /* of the configuration; set before fixture_restart */
    guint patience_ms;
    char *content_type; /* instead of application/json; owned */
    SoupMessage *last;  /* of the last answer: headers */
} Fixture;

#define PASSWORD "correct horse battery staple"

void fixture_set_up(Fixture *f, gconstpointer data);
void fixture_tear_down(Fixture *f, gconstpointer data);
/* @data of the set-up: texts of cards, NULL for one card "19@0 19@1 9@4*". */
/* Stops the application and starts it again with the same store and cards. */
void fixture_restart(Fixture *f);

/* One request; returns the status. *ret_json (may be NULL) gets the answer's JSON or NULL. Takes @body over. */
guint fixture_call(Fixture *f, const char *method, const char *path, json_t *body, json_t **ret_json);
guint fixture_call_text(Fixture *f, const char *method, const char *path, const char *body, gssize length,
                        json_t **ret_json);
const char *fixture_header(Fixture *f, const char *name);
/* The cookie that the last answer has set, with its attributes; NULL: none. */
const char *fixture_cookie(Fixture *f, const char *cookie);
/* Signs in as admin and keeps the cookie. */
void fixture_login(Fixture *f);
/* The code of an error answer: {"error":{"code"}}. */
const char *error_code(const json_t *json);
/* Runs the main loop until the task has ended; returns it. */
json_t *fixture_wait_task(Fixture *f, const char *id);
