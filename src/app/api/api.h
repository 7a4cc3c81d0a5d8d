/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API as tables of routes, one line for each operation of api/openapi.yaml, and the types of their handlers.
 *
 * A handler runs on the request pool (it may block), after the caller was authenticated and core/policy has allowed the
 * route's action. It fills the reply and returns TRUE, or sets the error: errors.def gives the status. Handlers of one
 * resource live in api_<noun>.c and are listed in its table; routes.c lists the tables.
 */
#pragma once
#include "app/api/packed.h"
#include "app/shared/context.h"

/* How the caller was authenticated. A login is the token of a command line at which a person has signed in. */
typedef enum { FCT_BY_SESSION, FCT_BY_LOGIN, FCT_BY_TOKEN } FctBy;

typedef struct {
    char *user;    /* who the caller is, for people: "admin", "admin (token laptop)" */
    char *account; /* the account to which session or token belong: "admin" */
    char *role;    /* "admin", "operator", "viewer" */
    FctBy by;
    gboolean makes; /* may make tokens */
    char *token;    /* id of the token; NULL: a session */
    char *login;    /* identifies the session or token: what it opens ends with it (opened.h) */
} FctIdentity;
FctIdentity *fct_identity_new(const char *user, const char *account, const char *role);
void fct_identity_free(FctIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctIdentity, fct_identity_free)

typedef struct {
    FctApp *app;
    const FctRoute *route;
    const FctIdentity *who;    /* NULL on public routes */
    const char *id;            /* {id} of the path, decoded; NULL when the path has none */
    const char *sub;           /* {sub} of the path: a part of {id} */
    GHashTable *query;         /* char* → char*, decoded; never NULL */
    const char *if_match;      /* the header as sent; NULL when absent */
    json_t *body;              /* object; an empty one when none was sent. Never NULL */
    const char *address;       /* of the client */
    const char *local;         /* address of this host at which the request arrived; "" unknown */
    const char *content_range; /* the header as sent; NULL when absent */
    gint64 content_length;     /* of the body; -1 when the client did not say it */
    const char *browser;       /* cookie of a known browser; NULL: none */
    const char *session;       /* secret of the session that authenticated the request; NULL with a token */
} FctRequest;

/* Takes the message over on the main thread after the handler: an event stream or a WebSocket. */
typedef struct _SoupServerMessage FctSoupMessage;
typedef struct _SoupWebsocketConnection FctSoupWebsocket;

typedef struct FctReply FctReply;

/*
 * Where the body goes on a route that takes_stream. One call at a time, on threads that may block. After write or the
 * handler has failed, the rest of the body is read and dropped. @data is the reply's.
 */
typedef struct {
    gboolean (*write)(gpointer data, const guint8 *bytes, gsize length, GError **error);
    /* Called once, at the end. @whole FALSE: the body broke off or a write failed; then nobody can be told. */
    gboolean (*end)(gpointer data, gboolean whole, FctReply *reply, GError **error);
} FctSink;

struct FctReply {
    int status;        /* 200 unless the handler says otherwise */
    json_t *json;      /* owned; NULL with 204 */
    char *etag;        /* owned; set by fct_reply_resource; of what GET reads the server makes one (etag.h) */
    char *cookie;      /* owned; value of Set-Cookie */
    gboolean known;    /* set by access.c: the caller has signed in */
    char *subject;     /* owned; for the audit row: "gpu 0", "vm db-2" */
    char *text;        /* owned; used instead of json */
    char *mime;        /* owned; of text */
    FctPacked *packed; /* borrowed for good; in place of json: JSON that never changes */
    gpointer data;     /* for those below */
    GDestroyNotify destroy;
    /* Main thread. The message is live, and its headers are not sent yet. */
    void (*stream)(FctApp *app, FctSoupMessage *message, gpointer data);
    /*
     * Main thread, after the handshake. Takes @data over (destroy is not called then) and keeps a reference of its own
     * to the connection.
     */
    void (*websocket)(FctApp *app, FctSoupWebsocket *socket, gpointer data);
    const FctSink *sink;
    char *login;      /* owned; the login to which this stream or sink belongs: set by access.c */
    gboolean passive; /* a stream of news: while it is open its session does not count as used */
};

typedef gboolean (*FctHandler)(const FctRequest *request, FctReply *reply, GError **error);

struct FctRoute {
    const char *method;
    const char *path;   /* under /api/v1; "{id}" and "{sub}" match one segment each */
    const char *action; /* x-action of the contract; NULL: public */
    FctHandler handler;
    gboolean slow;         /* may wait for minutes, for a disk or another host: runs on a pool of its own */
    gboolean takes_stream; /* the handler gives a sink, which gets the body as it arrives; the body is no JSON */
    /*
     * The members that query and body may have, in the form of members.h; NULL: none. Everything else is refused before
     * the handler runs, so that a mistyped name or value is not taken for a missing one.
     */
    const char *query, *body;
};

/* A 200 with a resource: its body and the ETag from its "revision". Takes @json over. */
void fct_reply_resource(FctReply *reply, int status, json_t *json);
void fct_reply_clear(FctReply *reply);

/*
 * Reads the revision from If-Match: FCT_ERROR_REVISION_NEEDED when it is absent, FCT_ERROR_BAD_REQUEST when it is no
 * revision.
 */
gboolean fct_request_revision(const FctRequest *request, guint64 *ret_revision, GError **error);
/* The same where the contract lets callers leave it out: FCT_REV_ANY then. */
gboolean fct_request_revision_optional(const FctRequest *request, guint64 *ret_revision, GError **error);
/* A whole number of the query within bounds; @fallback when it is absent. */
gboolean fct_request_query_int(const FctRequest *request, const char *key, gint64 min, gint64 max, gint64 fallback,
                               gint64 *ret, GError **error);
/* A bool of the query; the route must declare it as one. */
gboolean fct_request_query_bool(const FctRequest *request, const char *key, gboolean fallback);
