/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of the API from bytes to reply: finds the route, the caller and whether they may, reads the body, runs
 * the handler, writes the audit row. Runs on the request pool; knows nothing of HTTP's transport.
 */
#pragma once
#include "app/api/api.h"

/* What the transport read. Strings are owned; NULL when the header was absent (method, path, address never are). */
typedef struct {
    char *method, *path; /* path under /api/v1, still encoded */
    char *query;
    char *cookie, *authorization, *if_match, *if_none_match, *origin, *fetch_site, *host, *content_type, *address;
    char *local; /* this host's address of the connection; NULL unknown */
    char *content_range;
    gint64 content_length; /* -1: not said */
    GBytes *body;          /* NULL: none */
    gboolean too_large;    /* the body was longer than FCT_BODY_MAX, or FCT_BODY_UNKNOWN_MAX of an unknown caller */
    gboolean own_name;     /* @host is a name of this server */
} FctRawRequest;

void fct_raw_request_clear(FctRawRequest *raw);

/* Whether the request carries the secret of a session or a token. Never waits. */
gboolean fct_access_knows(FctApp *app, const FctRawRequest *raw);
/* The value of a cookie; NULL when there is none. */
char *fct_access_cookie(const char *cookies, const char *name);

/* Always fills @reply, also with errors. *ret_allow: the Allow header or NULL; free it. */
void fct_access_serve(FctApp *app, const FctRawRequest *raw, FctReply *reply, char **ret_allow);
/* Makes an error the reply's body and status. */
void fct_access_fail(FctReply *reply, const GError *error);
