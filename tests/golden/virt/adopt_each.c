/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For test_adopt_schema.py: reads domains from standard input, each ended by a NUL byte, and writes for each what
 * adopting it means and what Facet would generate, as one line of JSON; {} for one that cannot be read.
 */
#include "virt/adopt.h"

#include <stdio.h>
#include <string.h>

static json_t *list_of(const GPtrArray *texts)
{
    json_t *list = json_array();
    for (guint i = 0; i < texts->len; i++)
        json_array_append_new(list, json_string(texts->pdata[i]));
    return list;
}

static void answer(const char *xml, const FctAdoptHost *host)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FctAdoption) adoption = fct_adopt_read(xml, host, &error);
    g_autoptr(json_t) json = json_object();
    if (adoption) {
        json_t *refused = json_array();
        for (guint i = 0; i < adoption->verdicts->len; i++) {
            const FctVerdict *verdict = adoption->verdicts->pdata[i];
            json_array_append_new(refused, json_string(verdict->sentence));
        }
        g_autofree char *ours = fct_domain_xml(adoption->spec, &host->xml, FALSE);
        json_object_set_new(json, "lost", list_of(adoption->lost));
        json_object_set_new(json, "verdicts", refused);
        json_object_set_new(json, "ours", json_string(ours));
    }
    g_autofree char *line = fct_json_text(json);
    printf("%s\n", line);
}

int main(void)
{
    FctNetwork *network = fct_network_new();
    g_autoptr(GPtrArray) networks = g_ptr_array_new_with_free_func((GDestroyNotify)fct_network_free);
    g_autofree char *line = NULL;
    size_t size = 0;
    fct_text_set(&network->name, "default");
    network->kind = FCT_NETWORK_NAT;
    g_ptr_array_add(networks, network);
    const FctAdoptHost host = {{TRUE, TRUE, &fct_attach_vfio}, networks, "pc-q35-7.2"};
    while (getdelim(&line, &size, '\0', stdin) > 0)
        answer(line, &host);
    return 0;
}
