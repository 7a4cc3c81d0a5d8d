/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's name at its first boot when nobody gives one. */
#include "core/first_boot_text.h"

#include <string.h>

#define LABEL_MAX 63   /* RFC 1123 */
#define NETBIOS_MAX 15 /* of Windows */
#define ID_SHOWN 8

/*
 * Keeps ASCII letters and digits and puts one dash for whatever stands between them. A name of only digits would be
 * taken for an address, so it begins with "vm-". "" when nothing is left.
 */
static char *label_from(const char *vm, gsize max)
{
    g_autoptr(GString) label = g_string_new(NULL);
    gboolean letters = FALSE;
    for (const char *c = vm; *c; c++) {
        if (g_ascii_isalnum(*c))
            g_string_append_c(label, *c);
        else if (label->len && label->str[label->len - 1] != '-')
            g_string_append_c(label, '-');
    }
    g_string_truncate(label, MIN(label->len, max));
    for (const char *c = label->str; *c; c++)
        letters = letters || g_ascii_isalpha(*c);
    if (label->len && !letters)
        g_string_prepend(label, "vm-");
    g_string_truncate(label, MIN(label->len, max));
    while (label->len && label->str[label->len - 1] == '-')
        g_string_truncate(label, label->len - 1);
    return g_strdup(label->str);
}

static char *name_from(const char *vm, const char *id, gsize max)
{
    g_autofree char *label = label_from(vm, max);
    return *label ? g_steal_pointer(&label) : g_strdup_printf("vm-%.*s", ID_SHOWN, id);
}

char *fct_cloud_host_name(const FctFirstBoot *boot, const char *vm, const char *id)
{
    return boot && *boot->hostname ? g_strdup(boot->hostname) : name_from(vm, id, LABEL_MAX);
}

char *fct_windows_computer_name(const char *vm, const char *id)
{
    return name_from(vm, id, NETBIOS_MAX);
}
