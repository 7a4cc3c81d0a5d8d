/* SPDX-License-Identifier: Apache-2.0 */
/* What a client can send: "METHOD PATH?QUERY", a line with If-Match, and the body; up to where a handler has it
 * decoded. */
#include "app/api/members.h"
#include "app/api/route.h"
#include "app/domains/vm_doc.h"
#include "app/routes.h"
#include "core/vm_pending.h"

#include <libsoup/soup.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void try_body(const FctRequest *request)
{
    const FctImage image = {(char *)"demo", (char *)"Demo", (char *)"/demo.qcow2", (char *)"qcow2", NULL, 1 << 20, 64};
    g_autoptr(FctVm) vm = fct_vm_from_input(request->body, NULL);
    if (vm && *vm->image)
        fct_vm_fit_image(vm, &image, NULL);
    g_autoptr(json_t) doc = vm ? fct_vm_to_doc(vm) : NULL;
    g_assert_true(!vm || doc);
    if (vm && fct_vm_patch(vm, request->body, NULL))
        json_decref(fct_vm_pending(vm, NULL, NULL));
    if (request->route)
        fct_members_check_body(request->route, request->body, NULL);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *)data, size), *id = NULL, *sub = NULL, *allow = NULL;
    g_auto(GStrv) lines = g_strsplit(text, "\n", 3), words = g_strsplit(lines[0] ? lines[0] : "", " ", 2);
    gboolean whole = g_strv_length(lines) == 3 && g_strv_length(words) == 2;
    g_auto(GStrv) target = g_strsplit(whole ? words[1] : "", "?", 2);
    const FctRoute *route =
        whole && target[0] ? fct_route_find(fct_routes(), words[0], target[0], &id, &sub, &allow, NULL) : NULL;
    g_autoptr(json_t) body = whole ? fct_json_parse(lines[2], strlen(lines[2]), NULL) : NULL;
    g_autoptr(GHashTable) query = soup_form_decode(whole && target[0] && target[1] ? target[1] : "");
    FctRequest request = {
        .route = route, .id = id, .sub = sub, .query = query, .if_match = whole ? lines[1] : NULL, .body = body};
    guint64 revision;
    gint64 number;
    fct_request_revision(&request, &revision, NULL);
    fct_request_revision_optional(&request, &revision, NULL);
    if (fct_request_query_int(&request, "limit", 1, 100, 7, &number, NULL))
        g_assert_true(number >= 1 && number <= 100);
    if (route)
        fct_members_check_query(route, target[1], query, NULL);
    fct_request_query_bool(&request, "all", FALSE);
    if (json_is_object(body))
        try_body(&request);
    return 0;
}
