/* SPDX-License-Identifier: Apache-2.0 */
#include "host/net_vlan.h"
#include "base/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vlan.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TAG_MAX 4094

/* ---- what is written down: {name: {"parent","tag"}} ---- */

typedef struct {
    char *path;
    int lock; /* two children may do this at the same time */
    json_t *known;
} Record;

static void record_close(Record *record)
{
    g_free(record->path);
    json_decref(record->known);
    fct_close(&record->lock);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Record, record_close)

static gboolean record_open(Record *record, const char *state, GError **error)
{
    g_autofree char *lock = g_build_filename(state, "vlans.lock", NULL);
    g_autofree char *text = NULL;
    gsize length;
    record->path = g_build_filename(state, FCT_NET_VLANS, NULL);
    record->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (record->lock < 0 || flock(record->lock, LOCK_EX) < 0)
        return fct_set_error(error, FCT_ERROR_HW, "The list of VLAN interfaces cannot be locked: %s.",
                             g_strerror(errno));
    json_t *json = g_file_get_contents(record->path, &text, &length, NULL) ? fct_json_parse(text, length, NULL) : NULL;
    record->known = json_is_object(json) ? json_incref(json) : json_object();
    json_decref(json);
    return TRUE;
}

static gboolean record_save(const Record *record, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autofree char *text = fct_json_text(record->known);
    if (g_file_set_contents_full(record->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                 0600, &fault))
        return TRUE;
    return fct_set_error(error, FCT_ERROR_NO_SPACE, "The list of VLAN interfaces was not kept: %s", fault->message);
}

/* ---- the kernel ---- */

static gboolean vlan_set_error(GError **error, const char *name, const char *what, int code)
{
    return fct_set_error(error, FCT_ERROR_HW, "The VLAN interface %s could not be %s: %s.", name, what,
                         nl_geterror(code));
}

static struct nl_sock *kernel_open(GError **error)
{
    struct nl_sock *socket = nl_socket_alloc();
    int code = socket ? nl_connect(socket, NETLINK_ROUTE) : -NLE_NOMEM;
    if (code >= 0)
        return socket;
    fct_set_error(error, FCT_ERROR_HW, "The host’s network cannot be reached: %s.", nl_geterror(code));
    if (socket)
        nl_socket_free(socket);
    return NULL;
}

/* NULL: there is no interface of that name. */
static struct rtnl_link *vlan_find(struct nl_sock *socket, const char *name)
{
    struct rtnl_link *link = NULL;
    return rtnl_link_get_kernel(socket, 0, name, &link) < 0 ? NULL : link;
}

static gboolean is_as_made(struct rtnl_link *link, struct rtnl_link *parent, int tag)
{
    return rtnl_link_is_vlan(link) && rtnl_link_vlan_get_id(link) == tag &&
           (!parent || rtnl_link_get_link(link) == rtnl_link_get_ifindex(parent));
}

/*
 * Traffic of the VLAN must not reach the host itself, so the interface takes no IPv6 address by itself. A kernel
 * without IPv6 has no such file.
 */
static void without_ipv6(const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
    fct_autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "1", 1) != 1)
        g_warning("%s stays open to IPv6: %s", name, g_strerror(errno));
}

static int bring_up(struct nl_sock *socket, struct rtnl_link *link, const char *alias)
{
    struct rtnl_link *change = rtnl_link_alloc();
    rtnl_link_set_ifalias(change, alias);
    rtnl_link_set_flags(change, IFF_UP);
    int code = rtnl_link_change(socket, link, change, 0);
    rtnl_link_put(change);
    return code;
}

static int vlan_add(struct nl_sock *socket, struct rtnl_link *parent, const char *name, int tag)
{
    struct rtnl_link *link = rtnl_link_vlan_alloc();
    rtnl_link_set_link(link, rtnl_link_get_ifindex(parent));
    rtnl_link_set_name(link, name);
    int code = rtnl_link_vlan_set_id(link, (uint16_t)tag);
    if (code >= 0)
        code = rtnl_link_add(socket, link, NLM_F_CREATE | NLM_F_EXCL);
    rtnl_link_put(link);
    return code;
}

/* TRUE: the interface exists and is up. One that has the name already must be the very one that is wanted. */
static gboolean vlan_make(struct nl_sock *socket, const char *parent_name, const char *name, int tag, GError **error)
{
    struct rtnl_link *parent = vlan_find(socket, parent_name), *link = vlan_find(socket, name);
    g_autofree char *alias = g_strdup_printf("Facet: VLAN %d of %s", tag, parent_name);
    int code = 0;
    gboolean ok = FALSE;
    if (!parent) {
        fct_set_error(error, FCT_ERROR_HW, "This host has no interface %s.", parent_name);
    } else if (!link && (code = vlan_add(socket, parent, name, tag)) == -NLE_OPNOTSUPP) {
        fct_set_error_full(error, FCT_ERROR_UNSUPPORTED, "Load the module 8021q, or take the VLAN another way.", NULL,
                           "This host’s kernel has no interfaces of VLANs (8021q).");
    } else if (!link && code < 0) {
        vlan_set_error(error, name, "made", code);
    } else if (!link && !(link = vlan_find(socket, name))) {
        vlan_set_error(error, name, "found", -NLE_NODEV);
    } else if (!is_as_made(link, parent, tag)) {
        fct_set_error(error, FCT_ERROR_EXISTS, "This host has another interface %s already.", name);
    } else {
        without_ipv6(name);
        code = bring_up(socket, link, alias);
        ok = code >= 0 || vlan_set_error(error, name, "brought up", code);
    }
    if (link)
        rtnl_link_put(link);
    if (parent)
        rtnl_link_put(parent);
    return ok;
}

static gboolean vlan_drop(struct nl_sock *socket, const char *name, GError **error)
{
    struct rtnl_link *link = vlan_find(socket, name);
    int code = link ? rtnl_link_delete(socket, link) : 0;
    if (link)
        rtnl_link_put(link);
    return code >= 0 || vlan_set_error(error, name, "taken away", code);
}

/* ---- acts ---- */

static gboolean is_valid(const char *parent, const char *name, int tag, GError **error)
{
    if (*parent && *name && strlen(parent) < IFNAMSIZ && strlen(name) < IFNAMSIZ && !strchr(name, '/') &&
        strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && tag >= 1 && tag <= TAG_MAX)
        return TRUE;
    return fct_set_error(error, FCT_ERROR_BAD_REQUEST, "A VLAN interface needs a parent, a name and a tag.");
}

static gboolean vlan_exists(const char *name, GError **error)
{
    struct nl_sock *socket = kernel_open(error);
    struct rtnl_link *link = socket ? vlan_find(socket, name) : NULL;
    gboolean there = link != NULL || !socket;
    if (link) {
        rtnl_link_put(link);
        fct_set_error_full(error, FCT_ERROR_EXISTS, "Choose it as the interface, without a tag.", NULL,
                           "This host has an interface %s already, which Facet did not make.", name);
    }
    if (socket)
        nl_socket_free(socket);
    return there;
}

/* A short name (vlan30) can be asked for on two parents: the record of the first stays as it is. */
static gboolean is_of_another(const json_t *known, const char *parent, const char *name, int tag, GError **error)
{
    const char *other = fct_json_str(known, "parent", "");
    int number = (int)fct_json_int(known, "tag", 0);
    if (!known || (strcmp(other, parent) == 0 && number == tag))
        return FALSE;
    fct_set_error_full(error, FCT_ERROR_EXISTS,
                       "Delete the network on it first, or make the VLAN's interface yourself "
                       "under another name and choose it without a tag.",
                       NULL, "The interface %s is that of VLAN %d of %s.", name, number, other);
    return TRUE;
}

gboolean fct_net_vlan_make(const char *state, const json_t *vlan, GError **error)
{
    const char *parent = fct_json_str(vlan, "parent", ""), *name = fct_json_str(vlan, "name", "");
    int tag = (int)fct_json_int(vlan, "tag", 0);
    g_auto(Record) record = {.lock = -1};
    if (!is_valid(parent, name, tag, error) || !record_open(&record, state, error))
        return FALSE;
    const json_t *known = json_object_get(record.known, name);
    gboolean ours = known != NULL;
    if (is_of_another(known, parent, name, tag, error) || (!ours && vlan_exists(name, error)))
        return FALSE;
    json_object_set_new(record.known, name, json_pack("{s:s, s:i}", "parent", parent, "tag", tag));
    if (!record_save(&record, error))
        return FALSE;
    struct nl_sock *socket = kernel_open(error);
    gboolean ok = socket && vlan_make(socket, parent, name, tag, error);
    if (!ok && !ours) {
        if (socket)
            vlan_drop(socket, name, NULL);
        json_object_del(record.known, name);
        record_save(&record, NULL);
    }
    if (socket)
        nl_socket_free(socket);
    return ok;
}

/* An address that somebody gave the interface since; g_free it. NULL: none. */
static char *address_on(struct nl_sock *socket, struct rtnl_link *link)
{
    struct nl_cache *addresses = NULL;
    char *found = NULL;
    if (rtnl_addr_alloc_cache(socket, &addresses) < 0)
        return g_strdup("unknown");
    for (struct nl_object *at = nl_cache_get_first(addresses); at && !found; at = nl_cache_get_next(at)) {
        struct rtnl_addr *address = (struct rtnl_addr *)at;
        char text[128];
        if (rtnl_addr_get_ifindex(address) == rtnl_link_get_ifindex(link) &&
            rtnl_addr_get_scope(address) != RT_SCOPE_LINK)
            found = g_strdup(nl_addr2str(rtnl_addr_get_local(address), text, sizeof text));
    }
    nl_cache_free(addresses);
    return found;
}

gboolean fct_net_vlan_take(const char *state, const char *name, char **ret_kept, GError **error)
{
    g_auto(Record) record = {.lock = -1};
    *ret_kept = NULL;
    if (!record_open(&record, state, error))
        return FALSE;
    const json_t *known = json_object_get(record.known, name);
    if (!known)
        return TRUE;
    struct nl_sock *socket = kernel_open(error);
    if (!socket)
        return FALSE;
    struct rtnl_link *link = vlan_find(socket, name);
    gboolean ours = link && is_as_made(link, NULL, (int)fct_json_int(known, "tag", 0));
    g_autofree char *address = ours ? address_on(socket, link) : NULL;
    gboolean ok = !ours || address || vlan_drop(socket, name, error);
    if (address)
        *ret_kept = g_strdup_printf("The interface %s stays: somebody gave it the address %s.", name, address);
    else if (link && !ours)
        *ret_kept = g_strdup_printf("The interface %s stays: it is not the one that Facet made.", name);
    if (link)
        rtnl_link_put(link);
    nl_socket_free(socket);
    if (!ok)
        return FALSE;
    json_object_del(record.known, name);
    return record_save(&record, error);
}

json_t *fct_net_vlan_keep(const char *state)
{
    g_auto(Record) record = {.lock = -1};
    g_autoptr(GError) error = NULL;
    const char *name;
    json_t *vlan;
    int missing = 0;
    if (!record_open(&record, state, &error)) {
        g_warning("%s", error->message);
        return json_pack("{s:i, s:i}", "known", 0, "missing", 0);
    }
    struct nl_sock *socket = json_object_size(record.known) ? kernel_open(NULL) : NULL;
    json_object_foreach (record.known, name, vlan) {
        g_autoptr(GError) fault = NULL;
        if (!socket ||
            !vlan_make(socket, fct_json_str(vlan, "parent", ""), name, (int)fct_json_int(vlan, "tag", 0), &fault)) {
            missing++;
            g_debug("VLAN interface %s is not there yet: %s", name, fault ? fault->message : "no netlink");
        }
    }
    if (socket)
        nl_socket_free(socket);
    return json_pack("{s:i, s:i}", "known", (int)json_object_size(record.known), "missing", missing);
}
