/* SPDX-License-Identifier: Apache-2.0 */
/* Setting fields that own a string. Pure. */
#pragma once
#include <glib.h>

/* Gives @field a copy of @text, which may be NULL, or a part of what the field holds now. */
static inline void fct_text_set(char **field, const char *text)
{
    char *copy = g_strdup(text);
    g_free(*field);
    *field = copy;
}

/* Gives @field @text itself, and frees what it held. */
static inline void fct_text_take(char **field, char *text)
{
    g_free(*field);
    *field = text;
}
