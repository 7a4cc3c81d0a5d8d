/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scope.h"
#include "virt/virt.h"

static void libvirt_on_error(void *data, virErrorPtr fault)
{
    /* libvirt prints errors to stderr unless told otherwise; ours travel as GError. */
}

static void virt_watch(FctVmm *vmm, FctVmmChanged changed, FctVmmConnection connection, gpointer data)
{
    FctVirt *virt = (FctVirt *)vmm;
    g_mutex_lock(&virt->lock);
    while (virt->telling) /* after our return nobody else is called: the former watcher may be freed */
        g_cond_wait(&virt->cond, &virt->lock);
    virt->on_changed = changed;
    virt->on_connection = connection;
    virt->watch_data = data;
    virt->announce = TRUE; /* also when it has been up for long, since a watcher starts by listing */
    g_cond_broadcast(&virt->cond);
    g_mutex_unlock(&virt->lock);
}

static void virt_watch_storage(FctVmm *vmm, FctVmmStorageChanged changed, gpointer data)
{
    FctVirt *virt = (FctVirt *)vmm;
    fct_autolock(&virt->lock);
    while (virt->telling)
        g_cond_wait(&virt->cond, &virt->lock);
    virt->on_storage = changed;
    virt->storage_data = data;
    virt->announce_storage = TRUE;
    g_cond_broadcast(&virt->cond);
}

static void virt_watch_networks(FctVmm *vmm, FctVmmNetworks changed, gpointer data)
{
    FctVirt *virt = (FctVirt *)vmm;
    fct_autolock(&virt->lock);
    while (virt->telling)
        g_cond_wait(&virt->cond, &virt->lock);
    virt->on_networks = changed;
    virt->networks_data = data;
    virt->networks_changed = TRUE; /* a watcher starts by reading */
    g_cond_broadcast(&virt->cond);
}

static void virt_free(FctVmm *vmm)
{
    FctVirt *virt = (FctVirt *)vmm;
    g_mutex_lock(&virt->lock);
    virt->quit = TRUE;
    g_cond_broadcast(&virt->cond);
    g_mutex_unlock(&virt->lock);
    g_thread_join(virt->keeper);
    g_thread_pool_free(virt->pool, FALSE, FALSE); /* a call into a QEMU that hangs must not delay our exit */
    fct_virt_unref(virt);
}

static const FctVmmOps ops = {
    .facts = fct_virt_facts,
    .secrets = fct_virt_secrets,
    .list = fct_virt_list,
    .info = fct_virt_info,
    .define = fct_virt_define,
    .check_device = fct_virt_check_device,
    .start = fct_virt_start,
    .shutdown = fct_virt_shutdown,
    .destroy = fct_virt_destroy,
    .reset = fct_virt_reset,
    .reboot = fct_virt_reboot,
    .pause = fct_virt_pause,
    .resume = fct_virt_resume,
    .saved_continue = fct_virt_saved_continue,
    .saved_drop = fct_virt_saved_drop,
    .undefine = fct_virt_undefine,
    .adoption = fct_virt_adoption,
    .mark = fct_virt_mark,
    .release = fct_virt_let_go,
    .disk_attach = fct_virt_disk_attach,
    .disk_detach = fct_virt_disk_detach,
    .disk_medium = fct_virt_disk_medium,
    .disk_grow = fct_virt_disk_grow,
    .nic_attach = fct_virt_nic_attach,
    .nic_detach = fct_virt_nic_detach,
    .nic_move = fct_virt_nic_move,
    .disk_check = fct_virt_disk_check,
    .disk_convert = fct_virt_disk_convert,
    .disk_delete = fct_virt_disk_delete,
    .pools = fct_virt_pools,
    .pool_create = fct_virt_pool_create,
    .pool_start = fct_virt_pool_start,
    .pool_stop = fct_virt_pool_stop,
    .pool_refresh = fct_virt_pool_refresh,
    .pool_delete = fct_virt_pool_delete,
    .volumes = fct_virt_volumes,
    .volume = fct_virt_volume,
    .volume_create = fct_virt_volume_create,
    .volume_copy = fct_virt_volume_copy,
    .copy_end = fct_virt_copy_end,
    .volume_grow = fct_virt_volume_grow,
    .volume_delete = fct_virt_volume_delete,
    .volume_sync = fct_virt_volume_sync,
    .device_use = fct_virt_device_use,
    .volume_open = fct_virt_volume_open,
    .stream_read = fct_virt_stream_read,
    .stream_write = fct_virt_stream_write,
    .stream_skip = fct_virt_stream_skip,
    .stream_close = fct_virt_stream_close,
    .watch_storage = virt_watch_storage,
    .networks = fct_virt_networks,
    .interfaces = fct_virt_interfaces,
    .network_create = fct_virt_network_create,
    .network_start = fct_virt_network_start,
    .network_prepare = fct_virt_network_prepare,
    .network_define = fct_virt_network_define,
    .network_restart = fct_virt_network_restart,
    .network_unplugged = fct_virt_network_unplugged,
    .network_replug = fct_virt_network_replug,
    .watch_networks = virt_watch_networks,
    .network_delete = fct_virt_network_delete,
    .snapshot = fct_virt_snapshot,
    .restore = fct_virt_restore,
    .disk_paths = fct_virt_disk_paths,
    .merge = fct_virt_merge,
    .merge_end = fct_virt_merge_end,
    .open_serial = fct_virt_open_serial,
    .open_graphics = fct_virt_open_graphics,
    .disk_errors = fct_virt_disk_errors,
    .stats = fct_virt_stats,
    .guest = fct_virt_guest,
    .thaw = fct_virt_thaw,
    .watch = virt_watch,
    .free = virt_free,
};

static gboolean check_options(const FctVmmOptions *options, GError **error)
{
    static const char *const accels[] = {"auto", "kvm", "tcg", NULL};
    if (!g_strv_contains(accels, options->accel))
        return fct_set_error(error, FCT_ERROR_BAD_REQUEST, "There is no accelerator \"%s\": auto, kvm or tcg.",
                             options->accel);
    if (!fct_attach_by_name(options->part_device))
        return fct_set_error(error, FCT_ERROR_BAD_REQUEST, "There is no part device \"%s\": vfio or standin.",
                             options->part_device);
    return TRUE;
}

FctVmm *fct_vmm_libvirt_new(const FctVmmOptions *options, GError **error)
{
    if (!check_options(options, error))
        return NULL;
    FctVirt *virt = g_new0(FctVirt, 1);
    virt->base.ops = &ops;
    virt->refs = 1;
    virt->uri = g_strdup(options->uri);
    virt->accel = g_strdup(options->accel);
    virt->why_not_kvm = g_strdup(options->why_not_kvm ? options->why_not_kvm : "");
    virt->attach = fct_attach_by_name(options->part_device);
    g_mutex_init(&virt->lock);
    g_cond_init(&virt->cond);
    virt->defined = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    virt->busy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    virt->changed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    virt->pools = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    virt->running = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, fct_virt_usage_free);
    virt->reboots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    virt->starts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    virt->described = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    virt->pool = fct_virt_workers();
    virSetErrorFunc(NULL, libvirt_on_error);
    fct_virt_event_loop();
    fct_virt_connect(virt);
    return &virt->base;
}
