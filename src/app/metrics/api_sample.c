/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/list.h"
#include "app/metrics/sampler.h"
#include "base/read.h"

#include <string.h>

#define SAMPLES_MAX 300    /* samples in one answer, unless the request gives a step */
#define SAMPLES_LIMIT 3600 /* one a second for an hour */
#define SUBJECTS_MAX 32

/* "host", "gpus", "gpu/ID", "vm/ID"; a request without any means host and gpus. */
static gboolean read_subjects(const FctRequest *request, FctSampleWish *wish, GError **error)
{
    const char *subjects = g_hash_table_lookup(request->query, "subjects");
    wish->gpus = !subjects;
    wish->subjects = g_strsplit(subjects ? subjects : "host", ",", -1);
    if (g_strv_length(wish->subjects) > SUBJECTS_MAX)
        return fct_read_refuse(error, "subjects", "Readings of at most 32 subjects are given at once.");
    for (guint i = 0; wish->subjects[i]; i++) {
        const char *subject = wish->subjects[i], *slash = strchr(subject, '/');
        gboolean one = slash && slash[1] && (g_str_has_prefix(subject, "gpu/") || g_str_has_prefix(subject, "vm/"));
        if (strcmp(subject, "gpus") == 0)
            wish->gpus = TRUE;
        else if (!one && strcmp(subject, "host") != 0)
            return fct_read_refuse(error, "subjects",
                                   "Subjects are host, gpus, gpu/ID or vm/ID, with commas between them.");
    }
    return TRUE;
}

static gboolean list_samples(const FctRequest *request, FctReply *reply, GError **error)
{
    static const FctListOrder order = {.by = {"time_ms"}, .most = SAMPLES_LIMIT};
    FctSampleWish wish = {0};
    gint64 seconds, step;
    if (!fct_request_query_int(request, "seconds", 1, 3600, 600, &seconds, error) ||
        !fct_request_query_int(request, "step", 1, 3600, MAX(1, seconds / SAMPLES_MAX), &step, error))
        return FALSE;
    wish.oldest_ms = fct_app_now_ms() - seconds * 1000;
    wish.step_ms = step * 1000;
    gboolean ok = read_subjects(request, &wish, error) &&
                  fct_reply_list(request, reply, &order, fct_sampler_list(request->app->sampler, &wish), error);
    g_strfreev(wish.subjects);
    return ok;
}

const FctRoute fct_routes_sample[] = {
    {"GET", "/samples", "node.read", list_samples, .query = FCT_LIST_QUERY " seconds:int step:int subjects:text"},
    {NULL},
};
