/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of sessions and tokens: 256 random bits. Any thread. */
#pragma once
#include <glib.h>

/* A new secret behind @prefix. Free it. */
char *fct_secret_new(const char *prefix);
/*
 * The digest that is stored of a secret: a fast one is enough, since a secret, unlike a password, cannot be guessed.
 * Free it.
 */
char *fct_secret_digest(const char *secret);
