/* SPDX-License-Identifier: Apache-2.0 */
/* Reads libvirt's domain XML. libvirt itself wrote it: there is no document type and no foreign entity. */
#include "virt/xml.h"

#include <string.h>

typedef struct {
    FctVmInfo *info;
    GString *text;
    char *owner; /* id in our metadata element */
    char *memory_unit;
    json_t *volumes; /* gets what is named by pool and volume; NULL: not wanted */
    gboolean in_ours, merges;
    int screens; /* read so far */
} Reader;

static const char *info_attribute(const char *name, const char **names, const char **values)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return values[i];
    return NULL;
}

/* Whether the element is @local of our namespace, whatever prefix an editor saved it with. */
static gboolean info_is_ours(const char *element, const char *local, const char **names, const char **values)
{
    const char *colon = strchr(element, ':');
    g_autofree char *declaration =
        colon ? g_strdup_printf("xmlns:%.*s", (int)(colon - element), element) : g_strdup("xmlns");
    const char *ns = info_attribute(declaration, names, values);
    return strcmp(colon ? colon + 1 : element, local) == 0 && g_strcmp0(ns, FCT_VIRT_NS) == 0;
}

static gboolean path_is(GMarkupParseContext *context, const char *a, const char *b, const char *c)
{
    const GSList *path = g_markup_parse_context_get_element_stack(context); /* innermost first */
    const char *want[] = {c, b, a};
    for (int i = 0; i < 3; i++) {
        if (!want[i])
            continue;
        if (!path || strcmp(path->data, want[i]) != 0)
            return FALSE;
        path = path->next;
    }
    return path == NULL;
}

static void set_last(json_t *list, const char *key, const char *value)
{
    size_t n = json_array_size(list);
    if (n && value)
        json_object_set_new(json_array_get(list, n - 1), key, json_string(value));
}

/* ---- the files that it has ---- */

static const char *first_of(const char *const *keys, const char **names, const char **values)
{
    const char *value = NULL;
    for (; *keys && !value; keys++)
        value = info_attribute(*keys, names, values);
    return value;
}

/* Terminals and sockets hold nobody's data. */
static void info_note_file(FctVmInfo *info, const char *path)
{
    if (path && *path == '/' && !g_str_has_prefix(path, "/dev/pts/"))
        json_array_append_new(info->disks, json_string(path));
}

/* Describes what is in a drive as one text, so that others can tell whether it has changed. NULL: nothing is in it. */
static char *describe_source(const char **names, const char **values)
{
    static const char *const paths[] = {"file", "dev", "dir", NULL};
    const char *path = first_of(paths, names, values), *pool = info_attribute("pool", names, values);
    const char *volume = info_attribute("volume", names, values), *socket = info_attribute("path", names, values);
    const char *protocol = info_attribute("protocol", names, values), *name = info_attribute("name", names, values);
    if (path)
        return g_strdup(path);
    if (pool)
        return g_strdup_printf("volume %s/%s", pool, volume ? volume : "");
    if (protocol)
        return g_strdup_printf("%s:%s", protocol, name ? name : "");
    return socket ? g_strdup_printf("socket:%s", socket) : g_strdup(info_attribute("type", names, values));
}

/* A <source> or <log> of any device; @own: of a drive itself, not of what that stands on. */
static void info_read_file(Reader *r, gboolean own, const char **names, const char **values)
{
    static const char *const paths[] = {"file", "dev", "dir", "path", NULL};
    const char *pool = info_attribute("pool", names, values), *volume = info_attribute("volume", names, values);
    gboolean socket =
        info_attribute("mode", names, values) || g_strcmp0(info_attribute("type", names, values), "unix") == 0;
    if (!socket)
        info_note_file(r->info, first_of(paths, names, values));
    if (pool && volume && r->volumes)
        json_array_append_new(r->volumes, json_pack("{s:s, s:s, s:i}", "pool", pool, "volume", volume, "drive",
                                                    own ? (int)json_array_size(r->info->drives) - 1 : -1));
}

static gboolean has_files(const char *section, const char *element)
{
    return (strcmp(section, "devices") == 0 || strcmp(section, "os") == 0) &&
           (strcmp(element, "source") == 0 || strcmp(element, "log") == 0);
}

/* A path as the text of an element: firmware, kernel, and memory that is a file. */
static gboolean is_file_text(const GSList *path, guint depth)
{
    static const char *const boot[] = {"loader", "nvram", "kernel", "initrd", "dtb", "shim", NULL};
    const char *element = path->data;
    if (depth == 3)
        return strcmp(path->next->data, "os") == 0 && g_strv_contains(boot, element);
    return depth == 5 && strcmp(element, "path") == 0 && strcmp(path->next->data, "source") == 0 &&
           strcmp(path->next->next->data, "memory") == 0;
}

/* The devices that are plugged into the VM, one by one. */
static void info_read_device(FctVmInfo *info, const char *parent, const char *element, const char **names,
                             const char **values)
{
    gboolean in_disk = strcmp(parent, "disk") == 0, in_nic = strcmp(parent, "interface") == 0;
    gboolean source = strcmp(element, "source") == 0;
    if (strcmp(parent, "devices") == 0 && strcmp(element, "disk") == 0)
        json_array_append_new(info->drives, json_pack("{s:s, s:s}", "target", "", "path", ""));
    else if (strcmp(parent, "devices") == 0 && strcmp(element, "interface") == 0)
        json_array_append_new(info->nics, json_pack("{s:s, s:s}", "mac", "", "network", ""));
    else if (in_disk && source) {
        g_autofree char *text = describe_source(names, values);
        set_last(info->drives, "path", text);
    } else if (in_disk && strcmp(element, "target") == 0)
        set_last(info->drives, "target", info_attribute("dev", names, values));
    else if (in_nic && strcmp(element, "mac") == 0)
        set_last(info->nics, "mac", info_attribute("address", names, values));
    else if (in_nic && source)
        set_last(info->nics, "network", info_attribute("network", names, values));
}

/* libvirt opens a screen by its number among all; we can only show VNC. */
static void read_screen(Reader *r, const char *type)
{
    gboolean vnc = g_strcmp0(type, "vnc") == 0;
    if (vnc && r->info->vnc < 0)
        r->info->vnc = r->screens;
    r->info->can_graphics |= vnc;
    r->info->other_screen |= g_strcmp0(type, "spice") == 0;
    r->screens++;
}

static void info_start(GMarkupParseContext *context, const char *element, const char **names, const char **values,
                       gpointer data, GError **error)
{
    Reader *r = data;
    const GSList *path = g_markup_parse_context_get_element_stack(context);
    guint depth = g_slist_length((GSList *)path);
    const char *parent = depth > 1 ? path->next->data : "";
    g_string_truncate(r->text, 0);
    if (depth == 3 || depth == 4)
        info_read_device(r->info, parent, element, names, values);
    if (depth > 3 && has_files(g_slist_nth_data((GSList *)path, depth - 2), element))
        info_read_file(r, depth == 4 && strcmp(parent, "disk") == 0, names, values);
    if (depth == 3 && strcmp(parent, "metadata") == 0 && info_is_ours(element, "vm", names, values)) {
        g_free(r->owner);
        r->owner = g_strdup(info_attribute("id", names, values));
        r->in_ours = TRUE;
    } else if (depth == 3 && strcmp(parent, "metadata") == 0 && info_is_ours(element, "merge", names, values)) {
        r->merges = TRUE;
    } else if (depth == 4 && r->in_ours && g_str_has_suffix(element, "part")) {
        const char *id = info_attribute("id", names, values);
        if (id)
            json_array_append_new(r->info->parts, json_string(id));
    } else if (path_is(context, "domain", "memory", NULL)) {
        g_free(r->memory_unit);
        r->memory_unit = g_strdup(info_attribute("unit", names, values));
    } else if (depth == 4 && strcmp(parent, "channel") == 0 && strcmp(element, "target") == 0) {
        if (g_strcmp0(info_attribute("name", names, values), "org.qemu.guest_agent.0") == 0)
            r->info->agent = g_strcmp0(info_attribute("state", names, values), "connected") == 0
                                 ? FCT_AGENT_CONNECTED
                                 : FCT_AGENT_DISCONNECTED;
    } else if (path_is(context, "domain", "devices", "graphics")) {
        read_screen(r, info_attribute("type", names, values));
    } else if (path_is(context, "domain", "devices", "serial") || path_is(context, "domain", "devices", "console")) {
        r->info->can_serial |= g_strcmp0(info_attribute("type", names, values), "pty") == 0;
    }
}

static gint64 info_mib(const char *text, const char *unit)
{
    gint64 n = g_ascii_strtoll(text, NULL, 10);
    if (!unit || strcmp(unit, "KiB") == 0)
        return n / 1024;
    if (strcmp(unit, "MiB") == 0)
        return n;
    if (strcmp(unit, "GiB") == 0)
        return n * 1024;
    return strcmp(unit, "bytes") == 0 || strcmp(unit, "b") == 0 ? n / (1024 * 1024) : 0;
}

static void info_end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
    Reader *r = data;
    const GSList *path = g_markup_parse_context_get_element_stack(context);
    guint depth = g_slist_length((GSList *)path);
    if (is_file_text(path, depth))
        info_note_file(r->info, r->text->str);
    if (path_is(context, "domain", "name", NULL)) {
        g_free(r->info->name);
        r->info->name = g_strdup(r->text->str);
    } else if (path_is(context, "domain", "uuid", NULL)) {
        g_free(r->info->id);
        r->info->id = g_strdup(r->text->str);
    } else if (path_is(context, "domain", "memory", NULL)) {
        r->info->memory_mib = info_mib(r->text->str, r->memory_unit);
    } else if (path_is(context, "domain", "vcpu", NULL)) {
        r->info->vcpus = (int)g_ascii_strtoll(r->text->str, NULL, 10);
    } else if (depth == 3) {
        r->in_ours = FALSE;
    }
    g_string_truncate(r->text, 0);
}

static void info_text(GMarkupParseContext *context, const char *chars, gsize length, gpointer data, GError **error)
{
    g_string_append_len(((Reader *)data)->text, chars, (gssize)length);
}

FctVmInfo *fct_domain_info(const char *xml, GError **error)
{
    return fct_domain_info_and_volumes(xml, NULL, error);
}

FctVmInfo *fct_domain_info_and_volumes(const char *xml, json_t *volumes, GError **error)
{
    static const GMarkupParser parser = {info_start, info_end, info_text, NULL, NULL};
    g_autoptr(FctVmInfo) info = fct_vm_info_new();
    g_autoptr(GString) buffer = g_string_new(NULL);
    g_autoptr(GError) fault = NULL;
    Reader r = {.info = info, .text = buffer, .volumes = volumes};
    info->agent = FCT_AGENT_NONE;
    info->vnc = -1;
    if (!info->parts)
        info->parts = json_array();
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, &r, NULL);
    gboolean ok =
        g_markup_parse_context_parse(context, xml, -1, &fault) && g_markup_parse_context_end_parse(context, &fault);
    info->ours = ok && r.owner && info->id && g_ascii_strcasecmp(r.owner, info->id) == 0;
    g_free(r.owner);
    g_free(r.memory_unit);
    if (!ok || !info->id || !*info->id || !info->name) {
        fct_set_error(error, FCT_ERROR_LIBVIRT, "libvirt's description of a VM could not be read: %s",
                      fault ? fault->message : "no name or UUID");
        return NULL;
    }
    if (r.merges) {
        fct_set_error(error, FCT_ERROR_NOT_FOUND, "%s is no VM: it merges files.", info->name);
        return NULL;
    }
    info->state = FCT_VM_UNKNOWN;
    if (!info->ours)
        json_array_clear(info->parts);
    return g_steal_pointer(&info);
}
