/* SPDX-License-Identifier: Apache-2.0 */
/* What a run has against what was asked for since. */
#include "app/vm_doc.h"

#include <string.h>

/* What a start uses of the document. */
static const char *const used[] = {"name", "vcpus", "memory_mib", "devices", "nics"};

json_t *fct_vm_run_json(const FctVm *vm)
{
    g_autoptr(json_t) doc = fct_vm_to_doc(vm);
    json_t *run = json_object();
    for (guint i = 0; i < G_N_ELEMENTS(used); i++)
        json_object_set(run, used[i], json_object_get(doc, used[i]));
    json_object_set_new(run, "first_boot", json_string(fct_json_str(vm->first_boot, "instance", "")));
    return run;
}

static void append(json_t *list, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void append(json_t *list, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    json_array_append_new(list, json_string(text));
}

json_t *fct_vm_pending(const FctVm *vm)
{
    json_t *list = json_array();
    g_autoptr(json_t) wanted = fct_vm_run_json(vm);
    if (!json_is_object(vm->run))
        return list;
    gint64 vcpus = fct_json_int(vm->run, "vcpus", 0), memory = fct_json_int(vm->run, "memory_mib", 0);
    if (vcpus != vm->vcpus)
        append(list, "%d vCPUs instead of %" G_GINT64_FORMAT, vm->vcpus, vcpus);
    if (memory != vm->memory_mib)
        append(list, "%" G_GINT64_FORMAT " MiB of memory instead of %" G_GINT64_FORMAT " MiB", vm->memory_mib, memory);
    if (!json_equal(json_object_get(wanted, "devices"), json_object_get(vm->run, "devices")))
        append(list, "Other devices");
    const json_t *nics = json_object_get(vm->run, "nics"); /* a run from before there were NICs has none */
    if (nics ? !json_equal(json_object_get(wanted, "nics"), nics) : vm->nics->len > 0)
        append(list, "Other network interfaces");
    const json_t *boot = json_object_get(vm->run, "first_boot");
    if (boot && !json_equal(json_object_get(wanted, "first_boot"), boot))
        append(list, json_is_null(vm->first_boot) ? "No first-boot data"
                                                  : "New first-boot data: cloud-init does its work again");
    return list;
}
