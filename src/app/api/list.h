/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists in pages, one way for all: limit and cursor in the query, "next" in the answer, absent at the end. A cursor is
 * the place in the order of the list behind which the next page begins: the values by which the last item given was
 * ordered. So what appears or goes meanwhile neither repeats nor hides anything else. Any thread.
 */
#pragma once
#include "app/api/api.h"

/* What the query of every list takes, as members.h says. */
#define FCT_LIST_QUERY "limit:int cursor:text"
#define FCT_LIST_MAX 1000

typedef struct {
    /* Members of an item, ended by NULL, the weightiest first; "-id" is descending. They tell any two items apart. */
    const char *by[4];
    guint usual; /* the limit when none is given; 0: the whole list */
    guint most;  /* the highest limit; 0: FCT_LIST_MAX */
} FctListOrder;

typedef struct {
    guint limit;   /* 0: to the end */
    json_t *after; /* owned; the values of the cursor; NULL: from the beginning */
} FctListPage;
void fct_list_page_clear(FctListPage *page);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FctListPage, fct_list_page_clear)

/*
 * What the request asks for. @variant names the order among those that the list can have ("" when it has one): a cursor
 * of another list, or of another order, is FCT_ERROR_BAD_REQUEST.
 */
gboolean fct_list_page(const FctRequest *request, const FctListOrder *order, const char *variant, FctListPage *ret,
                       GError **error);
/* The cursor behind an item with these values; takes @values over, an array. Free it. */
char *fct_list_cursor(const FctRequest *request, const char *variant, json_t *values);

/*
 * Answers with the page of @items (taken over) that is asked for, in @order, added to what the reply's JSON has. @items
 * NULL: the error is set already. FALSE with the error.
 */
gboolean fct_reply_list(const FctRequest *request, FctReply *reply, const FctListOrder *order, json_t *items,
                        GError **error);
