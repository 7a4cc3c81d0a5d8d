/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of sessions and tokens: 256 random bits. Any thread. */
#pragma once
#include <glib.h>

/* Text behind @prefix. Free it. */
char *fct_secret_new(const char *prefix);
/* What is kept of it: a fast digest is enough, unlike for passwords. Free it. */
char *fct_secret_digest(const char *secret);
