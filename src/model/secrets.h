/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which texts of the stored documents are secret. Once no document has one any more, it must be in no file of the store
 * either (port/store.h), so whoever lets a document hold a secret adds its place here.
 */
#pragma once
#include "base/json.h"

/* Documents of this key may hold some: a store need not look at others. */
gboolean fct_secrets_may_be_in(const char *key);
/* A secret of @old is another in @new or not there; NULL for @new: the document is deleted. */
gboolean fct_secrets_leave(const char *key, const json_t *old, const json_t *new_or_null);
