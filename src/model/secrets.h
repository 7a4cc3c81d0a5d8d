/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which texts in stored documents are secret. Once no document has a secret any more, no file of the store may have it
 * either (port/store.h); so whoever lets a document hold a secret adds its place here. Pure.
 */
#pragma once
#include "base/json.h"

/* TRUE when documents of this key may hold secrets: a store skips the others. */
gboolean fct_secrets_may_be_in(const char *key);
/* TRUE when a secret of @old is changed or missing in @new. @new NULL: the document is deleted. */
gboolean fct_secrets_leave(const char *key, const json_t *old, const json_t *new_or_null);
