/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ETags of answers: what a reader sends as If-None-Match, so that it gets 304 in place of what it has, and a writer as
 * If-Match, so that it changes nothing that it has not seen. Any thread.
 */
#pragma once
#include "app/api/api.h"

/* Longer answers have none: they would cost more to digest than they are worth. */
#define FCT_ETAG_MAX (256 * 1024)

/*
 * "42-DIGEST" with a revision, otherwise "DIGEST", in quotes. The revision alone does not tell one answer from another:
 * a VM's has its state, which changes without it. NULL: @text is too long. Free it.
 */
char *fct_etag(const json_t *revision, const char *text);
/* Whether an If-None-Match (NULL: none) has @etag among its tags, or is "*". */
gboolean fct_etag_known(const char *if_none_match, const char *etag);

/*
 * Where If-Match may be left out: whether @resource, as GET gives it, is what the header names. FCT_ERROR_REVISION when
 * it has changed since, FCT_ERROR_BAD_REQUEST when the header is no revision. What has a revision is compared by it.
 */
gboolean fct_request_match(const FctRequest *request, const json_t *resource, GError **error);
