/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <libsoup/soup.h>
#include <string.h>

#define FIRST_PIECE (1024 * 1024)

struct FctClient {
    SoupSession *session;
    char *url;
    char *token;
    char *cookie; /* of a password sign-in: only `login` uses it */
    GTlsCertificate *pinned;
};

/* A generated certificate has no authority: the very certificate that was trusted at sign-in must be presented again.
 */
static gboolean accept_pinned(SoupMessage *message, GTlsCertificate *certificate, GTlsCertificateFlags faults,
                              gpointer data)
{
    FctClient *client = data;
    return client->pinned && g_tls_certificate_is_same(client->pinned, certificate);
}

FctClient *fct_client_new(const char *url, const char *ca, const char *token)
{
    FctClient *client = g_new0(FctClient, 1);
    client->session = soup_session_new_with_options("timeout", 60, "user-agent", "facet/" FACET_VERSION, NULL);
    client->url = g_strdup(url);
    while (g_str_has_suffix(client->url, "/"))
        client->url[strlen(client->url) - 1] = '\0';
    client->token = g_strdup(token);
    if (ca && *ca)
        client->pinned = g_tls_certificate_new_from_file(ca, NULL);
    return client;
}

void fct_client_free(FctClient *client)
{
    if (!client)
        return;
    g_clear_object(&client->session);
    g_clear_object(&client->pinned);
    g_free(client->url);
    g_free(client->token);
    g_free(client->cookie);
    g_free(client);
}

const char *fct_client_url(const FctClient *client)
{
    return client->url;
}

char *fct_client_segment(const char *text)
{
    return g_uri_escape_string(text, NULL, FALSE);
}

static void set_headers(FctClient *client, SoupMessage *message, guint64 if_match)
{
    SoupMessageHeaders *headers = soup_message_get_request_headers(message);
    if (client->token) {
        g_autofree char *bearer = g_strdup_printf("Bearer %s", client->token);
        soup_message_headers_replace(headers, "Authorization", bearer);
    } else if (client->cookie) {
        soup_message_headers_replace(headers, "Cookie", client->cookie);
    }
    if (if_match) {
        g_autofree char *revision = g_strdup_printf("\"%" G_GUINT64_FORMAT "\"", if_match);
        soup_message_headers_replace(headers, "If-Match", revision);
    }
}

/* Keeps the session cookie of a sign-in, name and value only; there are others. */
static void keep_cookie(FctClient *client, SoupMessage *message)
{
    SoupMessageHeadersIter iter;
    const char *name, *value;
    soup_message_headers_iter_init(&iter, soup_message_get_response_headers(message));
    while (soup_message_headers_iter_next(&iter, &name, &value)) {
        if (g_ascii_strcasecmp(name, "Set-Cookie") != 0 || !g_str_has_prefix(value, "facet_session="))
            continue;
        g_free(client->cookie);
        client->cookie = g_strndup(value, strcspn(value, ";"));
    }
}

static gboolean explain_transport(FctClient *client, const GError *fault, GError **error)
{
    if (g_error_matches(fault, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
        fct_set_error_full(error, FCT_ERROR_UNAUTHENTICATED,
                           "Run “facet login” to look at the certificate and trust it.", NULL,
                           "The certificate of %s is not the one that was trusted.", client->url);
    else
        fct_set_error_full(error, FCT_ERROR_HELPER, "Check the address, and that facetd runs there.", NULL,
                           "%s does not answer: %s", client->url, fault->message);
    return FALSE;
}

static SoupMessage *new_message(FctClient *client, const char *method, const char *path, GError **error)
{
    g_autofree char *address = g_strconcat(client->url, "/api/v1", path, NULL);
    SoupMessage *message = soup_message_new(method, address);
    if (message)
        g_signal_connect(message, "accept-certificate", G_CALLBACK(accept_pinned), client);
    else
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Write it as https://HOST:PORT.", NULL,
                           "“%s” is not an address.", client->url);
    return message;
}

/* The answer's JSON, or its problem as the error. */
static gboolean take_answer(FctClient *client, SoupMessage *message, GBytes *answer, json_t **ret, GError **error)
{
    gsize length = 0;
    const char *text = g_bytes_get_data(answer, &length);
    g_autoptr(json_t) json = length ? json_loadb(text, length, 0, NULL) : NULL;
    guint status = soup_message_get_status(message);
    if (status >= 200 && status < 300) {
        if (ret)
            *ret = json ? json_incref(json) : NULL;
        return TRUE;
    }
    json_t *problem = json_object_get(json, "error");
    if (problem)
        g_propagate_error(error, fct_error_from_json(problem));
    else
        fct_set_error(error, FCT_ERROR_INTERNAL, "%s answered %u %s.", client->url, status,
                      soup_message_get_reason_phrase(message));
    return FALSE;
}

gboolean fct_client_call(FctClient *client, const char *method, const char *path, json_t *body, guint64 if_match,
                         json_t **ret, GError **error)
{
    g_autoptr(SoupMessage) message = new_message(client, method, path, error);
    g_autoptr(GError) fault = NULL;
    if (ret)
        *ret = NULL;
    if (!message)
        return FALSE;
    set_headers(client, message, if_match);
    if (body) {
        char *text = fct_json_text(body);
        g_autoptr(GBytes) bytes = g_bytes_new_take(text, strlen(text));
        soup_message_set_request_body_from_bytes(message, "application/json", bytes);
    }
    g_autoptr(GBytes) answer = soup_session_send_and_read(client->session, message, NULL, &fault);
    if (!answer)
        return explain_transport(client, fault, error);
    keep_cookie(client, message);
    return take_answer(client, message, answer, ret, error);
}

/* Moves the items of @page behind those of @whole. */
static void add_page(json_t *whole, const json_t *page)
{
    json_array_extend(json_object_get(whole, "items"), json_object_get(page, "items"));
}

gboolean fct_client_list(FctClient *client, const char *path, json_t **ret, GError **error)
{
    g_autoptr(json_t) whole = NULL;
    g_autofree char *cursor = NULL;
    *ret = NULL;
    do {
        g_autofree char *page_path =
            cursor ? g_strconcat(path, strchr(path, '?') ? "&" : "?", "cursor=", cursor, NULL) : g_strdup(path);
        g_autoptr(json_t) page = NULL;
        if (!fct_client_call(client, "GET", page_path, NULL, 0, &page, error))
            return FALSE;
        g_free(cursor);
        cursor = g_strdup(fct_json_str(page, "next", NULL));
        if (whole)
            add_page(whole, page);
        else
            whole = json_incref(page);
    } while (cursor);
    json_object_del(whole, "next");
    *ret = g_steal_pointer(&whole);
    return TRUE;
}

typedef struct {
    FctProgress progress;
    gpointer data;
    gint64 done, total;
} Transfer;

static void on_sent(SoupMessage *message, guint bytes, gpointer data)
{
    Transfer *transfer = data;
    transfer->done += bytes;
    transfer->progress(transfer->done, transfer->total, transfer->data);
}

/* One request with the bytes from @from up to @end: those of @block, or of the stream. */
static gboolean send_piece(FctClient *client, const char *path, GInputStream *stream, GBytes *block, gint64 from,
                           gint64 end, gint64 total, Transfer *transfer, json_t **ret, GError **error)
{
    g_autoptr(SoupMessage) message = new_message(client, "PUT", path, error);
    g_autoptr(GError) fault = NULL;
    if (!message)
        return FALSE;
    g_autofree char *range =
        from < end
            ? g_strdup_printf("bytes %" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, from, end - 1, total)
            : g_strdup_printf("bytes */%" G_GINT64_FORMAT, total);
    set_headers(client, message, 0);
    soup_message_headers_replace(soup_message_get_request_headers(message), "Content-Range", range);
    if (block)
        soup_message_set_request_body_from_bytes(message, "application/octet-stream", block);
    else
        soup_message_set_request_body(message, "application/octet-stream", stream, end - from);
    g_signal_connect(message, "wrote-body-data", G_CALLBACK(on_sent), transfer);
    g_autoptr(GBytes) answer = soup_session_send_and_read(client->session, message, NULL, &fault);
    return answer ? take_answer(client, message, answer, ret, error) : explain_transport(client, fault, error);
}

/* The first piece tells Facet what it is, so that what it refuses need not be sent whole. */
gboolean fct_client_upload(FctClient *client, const char *path, GInputStream *stream, gint64 from, gint64 total,
                           FctProgress progress, gpointer data, json_t **ret, GError **error)
{
    Transfer transfer = {progress, data, from, total};
    if (from == 0 && total > 2 * FIRST_PIECE) {
        g_autofree guint8 *bytes = g_malloc(FIRST_PIECE);
        gsize n = 0;
        if (!g_input_stream_read_all(stream, bytes, FIRST_PIECE, &n, NULL, error))
            return FALSE;
        g_autoptr(GBytes) block = g_bytes_new(bytes, n);
        if (!send_piece(client, path, NULL, block, 0, (gint64)n, total, &transfer, NULL, error))
            return FALSE;
        from = (gint64)n;
    }
    return send_piece(client, path, stream, NULL, from, total, total, &transfer, ret, error);
}

static gboolean copy(GInputStream *in, GOutputStream *out, Transfer *transfer, GError **error)
{
    char block[65536];
    gssize n;
    while ((n = g_input_stream_read(in, block, sizeof block, NULL, error)) > 0) {
        if (!g_output_stream_write_all(out, block, (gsize)n, NULL, NULL, error))
            return FALSE;
        transfer->done += n;
        transfer->progress(transfer->done, transfer->total, transfer->data);
    }
    if (n == 0 && transfer->done < transfer->total)
        fct_set_error(error, FCT_ERROR_HELPER, "The download broke off.");
    return n == 0 && (transfer->total < 0 || transfer->done == transfer->total);
}

gboolean fct_client_download(FctClient *client, const char *path, GOutputStream *out, FctProgress progress,
                             gpointer data, GError **error)
{
    g_autoptr(SoupMessage) message = new_message(client, "GET", path, error);
    g_autoptr(GError) fault = NULL;
    if (!message)
        return FALSE;
    set_headers(client, message, 0);
    g_autoptr(GInputStream) in = soup_session_send(client->session, message, NULL, &fault);
    if (!in)
        return explain_transport(client, fault, error);
    if (soup_message_get_status(message) != SOUP_STATUS_OK) {
        g_autoptr(GBytes) answer = g_input_stream_read_bytes(in, 1 << 20, NULL, &fault);
        return answer ? take_answer(client, message, answer, NULL, error) : explain_transport(client, fault, error);
    }
    SoupMessageHeaders *headers = soup_message_get_response_headers(message);
    gboolean measured = soup_message_headers_get_encoding(headers) == SOUP_ENCODING_CONTENT_LENGTH;
    Transfer transfer = {progress, data, 0, measured ? soup_message_headers_get_content_length(headers) : -1};
    return copy(in, out, &transfer, error);
}

static gboolean take_certificate(SoupMessage *message, GTlsCertificate *certificate, GTlsCertificateFlags faults,
                                 gpointer data)
{
    *(GTlsCertificate **)data = g_object_ref(certificate);
    return FALSE; /* nothing is sent to a server that nobody has trusted yet */
}

char *fct_client_peer_certificate(const char *url, char **ret_fingerprint, GError **error)
{
    g_autoptr(SoupSession) session = soup_session_new();
    g_autoptr(SoupMessage) message = soup_message_new("GET", url);
    g_autoptr(GTlsCertificate) certificate = NULL;
    g_autoptr(GError) fault = NULL;
    if (!message) {
        fct_set_error_full(error, FCT_ERROR_BAD_REQUEST, "Write it as https://HOST:PORT.", NULL,
                           "“%s” is not an address.", url);
        return NULL;
    }
    g_signal_connect(message, "accept-certificate", G_CALLBACK(take_certificate), &certificate);
    g_autoptr(GBytes) answer = soup_session_send_and_read(session, message, NULL, &fault);
    if (answer && !certificate)
        return g_strdup(""); /* an authority of the system vouches for it: nothing to pin */
    if (!certificate) {
        fct_set_error_full(error, FCT_ERROR_HELPER, "Check the address, and that facetd runs there.", NULL,
                           "%s does not answer: %s", url, fault ? fault->message : "no certificate");
        return NULL;
    }
    g_autoptr(GByteArray) der = NULL;
    char *pem = NULL;
    g_object_get(certificate, "certificate", &der, "certificate-pem", &pem, NULL);
    *ret_fingerprint = g_compute_checksum_for_data(G_CHECKSUM_SHA256, der->data, der->len);
    return pem;
}
