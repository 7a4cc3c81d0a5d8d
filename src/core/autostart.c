/* SPDX-License-Identifier: Apache-2.0 */
#include "core/autostart.h"

#include <string.h>

static int autostart_by_order(gconstpointer a, gconstpointer b)
{
    const FctAutostart *x = a, *y = b;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    int names = strcmp(x->name, y->name);
    return names ? names : strcmp(x->id, y->id);
}

void fct_autostart_sort(GArray *vms)
{
    g_array_sort(vms, autostart_by_order);
}

FctAutostartDue fct_autostart_due(const char *begun, gboolean ended, const char *now)
{
    if (!begun || strcmp(begun, now) != 0)
        return FCT_AUTOSTART_BEGIN;
    return ended ? FCT_AUTOSTART_DONE : FCT_AUTOSTART_GO_ON;
}
