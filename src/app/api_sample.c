/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api.h"
#include "app/sampler.h"

static gboolean list_samples(const FctRequest *request, FctReply *reply, GError **error)
{
    gint64 seconds;
    if (!fct_request_query_int(request, "seconds", 1, 3600, 600, &seconds, error))
        return FALSE;
    fct_reply_items(reply, fct_sampler_list(request->app->sampler, (int)seconds));
    return TRUE;
}

const FctRoute fct_routes_sample[] = {
    {"GET", "/samples", "node.read", list_samples},
    {NULL},
};
