/* SPDX-License-Identifier: Apache-2.0 */
/* XML of pools and volumes, both ways. Pure. */
#include "virt/xml.h"

#include "base/text.h"

#include <string.h>

#define OURS "urn:facet:pool:"

/* A UUID that follows from the name (in the form of RFC 4122, version 5), since a pool has no metadata for our mark. */
static char *storage_xml_uuid(const char *name)
{
    g_autofree char *text = g_strconcat(OURS, name, NULL);
    guint8 b[32];
    gsize length = sizeof b;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, (const guchar *)text, -1);
    g_checksum_get_digest(sum, b, &length);
    b[6] = (b[6] & 0x0f) | 0x50;
    b[8] = (b[8] & 0x3f) | 0x80;
    return g_strdup_printf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
                           b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

char *fct_pool_xml(const FctPoolInput *input)
{
    GString *xml = g_string_new(NULL);
    g_autofree char *uuid = storage_xml_uuid(input->name), *path = g_strdup(input->path);
    const char *type = "dir";
    if (strcmp(input->kind, "nfs") == 0)
        type = "netfs";
    else if (strcmp(input->kind, "lvm") == 0)
        type = "logical";
    fct_xml(xml, "<pool type='%s'>\n  <name>%s</name>\n  <uuid>%s</uuid>\n", type, input->name, uuid);
    if (strcmp(type, "netfs") == 0) {
        fct_xml(xml, "  <source>\n    <host name='%s'/>\n    <dir path='%s'/>\n    <format type='nfs'/>\n  </source>\n",
                input->host, input->export);
    } else if (strcmp(type, "logical") == 0) {
        fct_text_take(&path, g_strconcat("/dev/", input->volume_group, NULL));
        fct_xml(xml, "  <source>\n    <name>%s</name>\n    <format type='lvm2'/>\n  </source>\n", input->volume_group);
    }
    fct_xml(xml, "  <target>\n    <path>%s</path>\n  </target>\n</pool>\n", path);
    return g_string_free(xml, FALSE);
}

char *fct_volume_xml(const char *name, const char *format, gint64 bytes, gboolean thin, const FctLayer *backing)
{
    GString *xml = g_string_new("<volume>\n");
    g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, bytes);
    fct_xml(xml, "  <name>%s</name>\n  <capacity unit='bytes'>%s</capacity>\n", name, size);
    if (thin)
        g_string_append(xml, "  <allocation unit='bytes'>0</allocation>\n");
    fct_xml(xml, "  <target>\n    <format type='%s'/>\n", format);
    if (strcmp(format, "qcow2") == 0)
        g_string_append(xml, "    <compat>1.1</compat>\n");
    g_string_append(xml, "  </target>\n");
    if (backing)
        fct_xml(xml, "  <backingStore>\n    <path>%s</path>\n    <format type='%s'/>\n  </backingStore>\n",
                backing->path, backing->format);
    g_string_append(xml, "</volume>\n");
    return g_string_free(xml, FALSE);
}

/* ---- reading ---- */

typedef struct {
    FctPool *pool; /* one of these two */
    FctVolume *volume;
    char *uuid, *host, *dir, *device, *group;
    GString *text;
} Reader;

static void reader_clear(Reader *r)
{
    g_free(r->uuid);
    g_free(r->host);
    g_free(r->dir);
    g_free(r->device);
    g_free(r->group);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reader, reader_clear)

static const char *attribute(const char *name, const char **names, const char **values)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return values[i];
    return NULL;
}

/* "target/path" inside the outermost element. */
static gboolean is_at(GMarkupParseContext *context, const char *path)
{
    const GSList *stack = g_markup_parse_context_get_element_stack(context); /* innermost first */
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    for (guint i = g_strv_length(parts); i-- > 0; stack = stack->next)
        if (!stack || strcmp(stack->data, parts[i]) != 0)
            return FALSE;
    return stack && !stack->next;
}

static void storage_xml_start(GMarkupParseContext *context, const char *element, const char **names,
                              const char **values, gpointer data, GError **error)
{
    Reader *r = data;
    g_string_truncate(r->text, 0);
    if (r->volume && !g_markup_parse_context_get_element_stack(context)->next)
        r->volume->ploop = g_strcmp0(attribute("type", names, values), "ploop") == 0;
    if (r->pool) {
        if (!g_markup_parse_context_get_element_stack(context)->next)
            fct_text_set(&r->pool->kind, attribute("type", names, values));
        else if (is_at(context, "source/host") && !r->host)
            r->host = g_strdup(attribute("name", names, values));
        else if (is_at(context, "source/dir"))
            fct_text_set(&r->dir, attribute("path", names, values));
        else if (is_at(context, "source/device") && !r->device)
            r->device = g_strdup(attribute("path", names, values));
    }
}

static gint64 storage_xml_number(const char *text)
{
    gint64 n;
    return g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, &n, NULL) ? n : -1;
}

static void end_pool(Reader *r, GMarkupParseContext *context)
{
    if (is_at(context, "name"))
        fct_text_set(&r->pool->name, r->text->str);
    else if (is_at(context, "uuid"))
        fct_text_set(&r->uuid, r->text->str);
    else if (is_at(context, "target/path"))
        fct_text_set(&r->pool->path, r->text->str);
    else if (is_at(context, "source/name"))
        fct_text_set(&r->group, r->text->str);
}

static void end_volume(Reader *r, GMarkupParseContext *context)
{
    if (is_at(context, "name"))
        fct_text_set(&r->volume->name, r->text->str);
    else if (is_at(context, "capacity")) /* libvirt writes bytes, always */
        r->volume->capacity = storage_xml_number(r->text->str);
    else if (is_at(context, "allocation"))
        r->volume->allocated = storage_xml_number(r->text->str);
    else if (is_at(context, "physical"))
        r->volume->physical = storage_xml_number(r->text->str);
    else if (is_at(context, "target/path"))
        fct_text_set(&r->volume->path, r->text->str);
    else if (is_at(context, "backingStore/path"))
        fct_text_set(&r->volume->claim, r->text->str);
}

static void storage_xml_end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
    Reader *r = data;
    if (r->pool)
        end_pool(r, context);
    else
        end_volume(r, context);
    g_string_truncate(r->text, 0);
}

static void storage_xml_text(GMarkupParseContext *context, const char *chars, gsize length, gpointer data,
                             GError **error)
{
    g_string_append_len(((Reader *)data)->text, chars, (gssize)length);
}

static gboolean storage_xml_parse(Reader *r, const char *xml, GError **error)
{
    static const GMarkupParser parser = {storage_xml_start, storage_xml_end, storage_xml_text, NULL, NULL};
    g_autoptr(GString) buffer = g_string_new(NULL);
    g_autoptr(GError) fault = NULL;
    /* A guest may have written any bytes for the name of a backing file into the head of its raw disk. */
    g_autofree char *valid = g_utf8_make_valid(xml, -1);
    r->text = buffer;
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, r, NULL);
    gboolean ok =
        g_markup_parse_context_parse(context, valid, -1, &fault) && g_markup_parse_context_end_parse(context, &fault);
    const char *name = r->pool ? r->pool->name : r->volume->name;
    if (ok && *name)
        return TRUE;
    return fct_set_error(error, FCT_ERROR_LIBVIRT, "libvirt's description of storage could not be read: %s",
                         fault ? fault->message : "it has no name");
}

static void set_source(FctPool *pool, const Reader *r)
{
    if (r->host)
        fct_text_take(&pool->source, r->dir ? g_strconcat(r->host, ":", r->dir, NULL) : g_strdup(r->host));
    else if (r->group)
        fct_text_set(&pool->source, r->group);
    else if (r->device)
        fct_text_set(&pool->source, r->device);
}

FctPool *fct_pool_read(const char *xml, GError **error)
{
    g_autoptr(FctPool) pool = fct_pool_new();
    g_auto(Reader) r = {.pool = pool};
    if (!storage_xml_parse(&r, xml, error))
        return NULL;
    g_autofree char *uuid = storage_xml_uuid(pool->name);
    pool->ours = g_strcmp0(uuid, r.uuid) == 0;
    set_source(pool, &r);
    return g_steal_pointer(&pool);
}

FctVolume *fct_volume_read(const char *xml, GError **error)
{
    g_autoptr(FctVolume) volume = fct_volume_new();
    g_auto(Reader) r = {.volume = volume};
    if (!storage_xml_parse(&r, xml, error))
        return NULL;
    return g_steal_pointer(&volume);
}
