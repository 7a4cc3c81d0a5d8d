/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libvirt's XML of a domain, or the best that is known when its QEMU does not answer. Newer versions of libvirt (seen
 * with 11.3, not with 9.0) wait up to 30 s for that QEMU before they describe the domain: a single hanging VM would
 * keep Facet from knowing about all others. State, name and metadata are available without QEMU.
 */
#include "virt/virt.h"

#define ANSWER_MS 1000

typedef struct {
    char *id, *xml;
} Description;

static void description_clear(gpointer data)
{
    Description *description = data;
    g_free(description->id);
    g_free(description->xml);
}

static void description_release(Description *description)
{
    g_atomic_rc_box_release_full(description, description_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Description, description_release)

static char *text_of(virDomainPtr domain, GError **error)
{
    char *xml = virDomainGetXMLDesc(domain, 0), *copy = g_strdup(xml);
    if (!xml)
        fct_virt_set_error(error, "A VM could not be read");
    free(xml);
    return copy;
}

static gboolean libvirt_describe(virConnectPtr conn, gpointer data, GError **error)
{
    Description *description = data;
    virDomainPtr domain = virDomainLookupByUUIDString(conn, description->id);
    if (!domain) {
        fct_virt_set_error(error, "The VM is not there");
        return FALSE;
    }
    description->xml = text_of(domain, error);
    virDomainFree(domain);
    return description->xml != NULL;
}

/* The last XML, or what libvirt tells without QEMU: then the devices are not known. */
static char *without_answer(FctVirt *virt, virDomainPtr domain, const char *id, gboolean *ret_unseen, GError **error)
{
    virDomainInfo info;
    g_mutex_lock(&virt->lock);
    char *last = g_strdup(g_hash_table_lookup(virt->described, id));
    g_mutex_unlock(&virt->lock);
    if (last)
        return last;
    char *mark = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, FCT_VIRT_NS, 0);
    gboolean is_none = !mark && virGetLastErrorCode() == VIR_ERR_NO_DOMAIN_METADATA;
    if ((!mark && !is_none) || virDomainGetInfo(domain, &info) < 0) {
        fct_virt_set_error(error, "A VM could not be read");
        free(mark);
        return NULL;
    }
    GString *xml = g_string_new("<domain>");
    fct_xml(xml, "<name>%s</name><uuid>%s</uuid><vcpu>%d</vcpu>", virDomainGetName(domain), id, (int)info.nrVirtCpu);
    g_string_append_printf(xml, "<memory unit='KiB'>%lu</memory>", info.maxMem);
    g_string_append_printf(xml, "<metadata>%s</metadata></domain>", mark ? mark : "");
    free(mark);
    *ret_unseen = TRUE;
    return g_string_free(xml, FALSE);
}

char *fct_virt_describe(FctVirt *virt, virDomainPtr domain, gboolean active, gboolean *ret_unseen, GError **error)
{
    char id[VIR_UUID_STRING_BUFLEN] = "";
    g_autoptr(GError) fault = NULL;
    virDomainGetUUIDString(domain, id); /* local: read from the handle */
    g_autofree char *key = g_strconcat(FCT_VIRT_XML, id, NULL);
    g_autoptr(Description) description = g_atomic_rc_box_new0(Description);
    description->id = g_strdup(id);
    *ret_unseen = FALSE;
    if (!active) { /* there is no QEMU to wait for */
        g_mutex_lock(&virt->lock);
        g_hash_table_remove(virt->described, id);
        g_mutex_unlock(&virt->lock);
        return text_of(domain, error);
    }
    if (fct_virt_call(virt, FCT_LANE_XML, key, ANSWER_MS, libvirt_describe, description, description_clear, &fault)) {
        g_mutex_lock(&virt->lock);
        g_hash_table_replace(virt->described, g_strdup(id), g_strdup(description->xml));
        g_mutex_unlock(&virt->lock);
        return g_strdup(description->xml);
    }
    if (fault->code == FCT_ERROR_TIMEOUT)
        return without_answer(virt, domain, id, ret_unseen, error);
    fct_error_pass(error, &fault);
    return NULL;
}
