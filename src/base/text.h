/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that own a string. */
#pragma once
#include <glib.h>

/* Gives @field a copy of @text, which may be (part of) what it holds now, or NULL. */
static inline void fct_text_set(char **field, const char *text)
{
    char *copy = g_strdup(text);
    g_free(*field);
    *field = copy;
}

/* Gives @field @text itself. */
static inline void fct_text_take(char **field, char *text)
{
    g_free(*field);
    *field = text;
}
