/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API as a table of routes, one line an operation of api/openapi.yaml, and the types of their handlers.
 *
 * A handler runs on the request pool (it may block), after the caller was authenticated and core/policy has allowed the
 * route's action. It fills the reply and returns TRUE, or sets the error: errors.def gives the status. Handlers of one
 * resource live in api_<noun>.c and are listed in its table; routes.c lists the tables.
 */
#pragma once
#include "app/api/packed.h"
#include "app/shared/context.h"

/* What the caller showed. A login is the token of a command line at which somebody has signed in. */
typedef enum { FCT_BY_SESSION, FCT_BY_LOGIN, FCT_BY_TOKEN } FctBy;

typedef struct {
    char *user;    /* who acts, for people: "admin", "admin (token laptop)" */
    char *account; /* whose session or token it is: "admin" */
    char *role;    /* "admin", "operator", "viewer" */
    FctBy by;
    gboolean makes; /* it may make tokens */
    char *token;    /* id of the token it came with; NULL: a session */
    char *login;    /* names the session or token among all: what it opens ends with it (opened.h) */
} FctIdentity;
FctIdentity *fct_identity_new(const char *user, const char *account, const char *role);
void fct_identity_free(FctIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctIdentity, fct_identity_free)

typedef struct {
    FctApp *app;
    const FctRoute *route;
    const FctIdentity *who;    /* NULL on public routes */
    const char *id;            /* what stood for {id} in the path, decoded; NULL when the path has none */
    const char *sub;           /* the same for {sub}: what of {id} is meant */
    GHashTable *query;         /* char* → char*, decoded; never NULL */
    const char *if_match;      /* the header as sent; NULL when absent */
    json_t *body;              /* object; an empty one when none was sent. Never NULL */
    const char *address;       /* of the client */
    const char *local;         /* of this host, as the client reached it; "" unknown */
    const char *content_range; /* the header as sent; NULL when absent */
    gint64 content_length;     /* of the body; -1 when it was not said */
    const char *browser;       /* value of the cookie of a known browser; NULL: none */
    const char *session;       /* secret of the session that authenticated this request; NULL with a token */
} FctRequest;

/* What answers on the main thread after the handler: an event stream or a WebSocket. */
typedef struct _SoupServerMessage FctSoupMessage;
typedef struct _SoupWebsocketConnection FctSoupWebsocket;

typedef struct FctReply FctReply;

/*
 * Where a route that takes_stream puts the body. One call at a time, on threads that may block. After write has failed,
 * or the handler, the rest of the body is read and dropped. @data is the reply's.
 */
typedef struct {
    gboolean (*write)(gpointer data, const guint8 *bytes, gsize length, GError **error);
    /* Once. @whole FALSE: the body broke off or a write failed; then there is nobody to tell. */
    gboolean (*end)(gpointer data, gboolean whole, FctReply *reply, GError **error);
} FctSink;

struct FctReply {
    int status;        /* 200 unless the handler says otherwise */
    json_t *json;      /* owned; NULL with 204 */
    char *etag;        /* owned; set by fct_reply_resource; of what GET reads the server makes one (etag.h) */
    char *cookie;      /* owned; value of Set-Cookie */
    gboolean known;    /* set by access.c: somebody has signed in */
    char *subject;     /* owned; for the audit row: "gpu 0", "vm db-2" */
    char *text;        /* owned; in place of json */
    char *mime;        /* owned; of text */
    FctPacked *packed; /* borrowed for good; in place of json: JSON that never changes */
    gpointer data;     /* for those below */
    GDestroyNotify destroy;
    /* Main thread. The message is live, headers not sent yet. */
    void (*stream)(FctApp *app, FctSoupMessage *message, gpointer data);
    /* Main thread, after the handshake. Takes over @data (destroy is not called then) and keeps its own reference. */
    void (*websocket)(FctApp *app, FctSoupWebsocket *socket, gpointer data);
    const FctSink *sink;
    char *login;       /* owned; whose stream or sink this is: set by access.c */
    gboolean looks_on; /* a stream of news: that it is open does not mean that its session is in use */
};

typedef gboolean (*FctHandler)(const FctRequest *request, FctReply *reply, GError **error);

struct FctRoute {
    const char *method;
    const char *path;   /* under /api/v1; "{id}" and "{sub}" stand for one segment each */
    const char *action; /* x-action of the contract; NULL: public */
    FctHandler handler;
    gboolean slow;         /* may wait for minutes, for a disk or another host: on threads of its own */
    gboolean takes_stream; /* the handler gives a sink, which gets the body as it comes: it is no JSON */
    /*
     * What query and body take, as members.h says; NULL: nothing. All else is refused before the handler sees it, so a
     * mistyped name or value is never taken for its absence.
     */
    const char *query, *body;
};

/* A 200 with a resource: body and, from its "revision", the ETag. Takes @json over. */
void fct_reply_resource(FctReply *reply, int status, json_t *json);
void fct_reply_clear(FctReply *reply);

/* The revision that If-Match names: FCT_ERROR_REVISION_NEEDED when absent, FCT_ERROR_BAD_REQUEST when not a revision.
 */
gboolean fct_request_revision(const FctRequest *request, guint64 *ret_revision, GError **error);
/* The same where the contract lets the caller leave it out: FCT_REV_ANY then. */
gboolean fct_request_revision_optional(const FctRequest *request, guint64 *ret_revision, GError **error);
/* A whole number of the query within bounds; @fallback when absent. */
gboolean fct_request_query_int(const FctRequest *request, const char *key, gint64 min, gint64 max, gint64 fallback,
                               gint64 *ret, GError **error);
/* One that the route calls a bool. */
gboolean fct_request_query_bool(const FctRequest *request, const char *key, gboolean fallback);
