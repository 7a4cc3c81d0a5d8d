/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of disks that a domain names by pool and volume (<disk type='volume'>). Only libvirt knows them, and it
 * asks the pool, which may hang with its server: so it is asked by a call with a deadline.
 */
#include "virt/virt.h"

#define ANSWER_MS 3000

typedef struct {
    json_t *volumes; /* a reference of its own, since the call may outlive the caller */
} Lookup;

static void lookup_clear(gpointer data)
{
    json_decref(((Lookup *)data)->volumes);
}

static void lookup_release(Lookup *lookup)
{
    g_atomic_rc_box_release_full(lookup, lookup_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lookup, lookup_release)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virStoragePool, virStoragePoolFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virStorageVol, virStorageVolFree)

/*
 * A pool that is stopped, or was not scanned since the file came, does not list the volume: then the place is where the
 * file would be.
 */
static char *guess(virStoragePoolPtr pool, const char *volume)
{
    char *xml = virStoragePoolGetXMLDesc(pool, 0);
    g_autoptr(FctPool) read = xml ? fct_pool_read(xml, NULL) : NULL;
    free(xml);
    return read && *read->path == '/' ? g_build_filename(read->path, volume, NULL) : NULL;
}

static char *find_path(virConnectPtr conn, const char *pool, const char *volume)
{
    g_autoptr(virStoragePool) place = virStoragePoolLookupByName(conn, pool);
    g_autoptr(virStorageVol) found = place ? virStorageVolLookupByName(place, volume) : NULL;
    char *told = found ? virStorageVolGetPath(found) : NULL, *path = g_strdup(told);
    free(told);
    return path || !place ? path : guess(place, volume);
}

static gboolean find_all(virConnectPtr conn, gpointer data, GError **error)
{
    Lookup *lookup = data;
    size_t i;
    json_t *one;
    json_array_foreach (lookup->volumes, i, one) {
        g_autofree char *path = find_path(conn, fct_json_str(one, "pool", ""), fct_json_str(one, "volume", ""));
        if (path)
            json_object_set_new(one, "path", json_string(path));
    }
    return TRUE;
}

void fct_virt_place_volumes(FctVirt *virt, FctVmInfo *info, const json_t *volumes)
{
    size_t i;
    json_t *one;
    if (!json_array_size(volumes))
        return;
    g_autofree char *key = g_strconcat(FCT_VIRT_XML, info->id, NULL);
    g_autoptr(Lookup) lookup = g_atomic_rc_box_new0(Lookup);
    lookup->volumes = json_deep_copy(volumes);
    gboolean told = fct_virt_call(virt, FCT_LANE_XML, key, ANSWER_MS, find_all, lookup, lookup_clear, NULL);
    json_array_foreach ((json_t *)volumes, i, one) {
        json_t *path = told ? json_object_get(json_array_get(lookup->volumes, i), "path") : NULL;
        json_int_t drive = fct_json_int(one, "drive", -1);
        if (path)
            json_array_append(info->disks, path);
        if (path && drive >= 0)
            json_object_set(json_array_get(info->drives, (size_t)drive), "path", path);
        if (!path && !info->ours) /* disks of our VMs are in their documents */
            info->unseen = TRUE;
    }
}
