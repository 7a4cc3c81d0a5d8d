/* SPDX-License-Identifier: Apache-2.0 */
/* Inside src/virt: connections, bounded calls, and the operations of port/vmm.h one by one. */
#pragma once
#include "virt/libvirt.h"
#include "virt/xml.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <sys/stat.h>

/*
 * Lanes: calls of different lanes never wait for one another, since each lane has connections of its own. libvirtd
 * serves 5 calls of a connection at a time (max_client_requests), so at most 4 are under way on each. Statistics need
 * no lane, since they come from /proc.
 *
 * In lanes where calls may hang each call has a connection to itself: libvirt's client before 10.0 loses the wake-up of
 * a call on a connection on which another call waits, and only sends it with the next keepalive, 5 s later.
 */
typedef enum {
    FCT_LANE_QUERY,   /* lists, XML, state, definitions, events: never touches a QEMU monitor */
    FCT_LANE_POWER,   /* start, shutdown, reset: may wait for a QEMU */
    FCT_LANE_KILL,    /* destroy: must work while the power lane is full of QEMUs that hang */
    FCT_LANE_STREAM,  /* consoles */
    FCT_LANE_STORAGE, /* pools and volumes: one call at a time for each, so a hanging server delays only itself */
    FCT_LANE_BULK,    /* blocks of volumes */
    FCT_LANE_XML,     /* the XML of a running VM: waits for its QEMU with newer versions of libvirt */
    FCT_LANE_AGENT,   /* guest agents: answer when they like */
    FCT_N_LANES
} FctVirtLane;
#define FCT_PER_LANE 4

typedef struct {
    FctVmm base; /* first: the port's object */
    gint refs;   /* atomic: owner, every call under way, and libvirt's callbacks hold one each */
    char *uri;
    char *accel, *why_not_kvm;
    const FctAttach *attach;
    GThreadPool *pool;
    GThread *keeper;

    GMutex lock; /* guards everything below */
    GCond cond;
    gboolean quit, up, lost, announce;
    gboolean telling; /* the watcher is being called */
    /* The first connection of each lane exists while `up`; another is opened when all others are in use. */
    virConnectPtr conns[FCT_N_LANES][FCT_PER_LANE];
    gboolean taken[FCT_N_LANES][FCT_PER_LANE];
    guint connected; /* how often the connection came up */
    int in_flight[FCT_N_LANES];
    GHashTable *defined;   /* VM id → digest of our definition and of what libvirt made of it */
    GHashTable *busy;      /* VM id → GINT 1: a call is under way; 2: it passed its deadline */
    GHashTable *changed;   /* set of VM ids about which the watcher must be told */
    GHashTable *pools;     /* set of names of pools about which the watcher must be told */
    GHashTable *running;   /* VM id → FctVirtUsage*: for stats() */
    GHashTable *reboots;   /* VM id → GINT: ends that were seen on this connection */
    GHashTable *described; /* VM id → its XML when it last answered while it ran */
    GHashTable *starts;    /* the same for starts */
    json_t *facts;         /* of this connection; NULL: not read yet */
    FctVmmChanged on_changed;
    FctVmmConnection on_connection;
    gpointer watch_data;
    FctVmmStorageChanged on_storage;
    gpointer storage_data;
    gboolean announce_storage;
    gboolean networks_changed;
    FctVmmNetworks on_networks;
    gpointer networks_data;
} FctVirt;

/* handle.c */
FctVirt *fct_virt_ref(FctVirt *virt);
void fct_virt_unref(gpointer virt);

/* keeper.c: starts the keeper, which connects, reconnects and calls the watchers. */
void fct_virt_connect(FctVirt *virt);

/*
 * connection.c: the thread of libvirt's event loop, for programs that do not hold GLib's default main context; started
 * once in a process.
 */
void fct_virt_event_loop(void);
/* Opens one more connection; close it with fct_virt_close. Not with the lock held. */
virConnectPtr fct_virt_open(FctVirt *virt, GError **error);
void fct_virt_close(virConnectPtr conn);
/* error.c: sets @error from this thread's last libvirt error. @what: "VM db-2 could not be started". */
void fct_virt_set_error(GError **error, const char *what);

/*
 * call.c: runs @fn on a worker with a connection of the lane and waits until the deadline. @data is a g_atomic_rc_box
 * that the call shares, since it may outlive the wait; @clear clears it. Calls with the same @id (a VM) are serialized;
 * NULL when no single VM is meant.
 */
typedef gboolean (*FctVirtFn)(virConnectPtr conn, gpointer data, GError **error);
gboolean fct_virt_call(FctVirt *virt, FctVirtLane lane, const char *id, int deadline_ms, FctVirtFn fn, gpointer data,
                       GDestroyNotify clear, GError **error);

/* Keeps calls with @id out until it is released, for an act that takes several calls, or one of another lane. */
gboolean fct_virt_claim(FctVirt *virt, const char *id, int ms, GError **error);
void fct_virt_release(FctVirt *virt, const char *id);

GThreadPool *fct_virt_workers(void);
/* FALSE with FCT_ERROR_TIMEOUT while a call to the VM is under way past its deadline. */
gboolean fct_virt_answers(FctVirt *virt, const char *id, GError **error);

/* query.c */
GPtrArray *fct_virt_list(FctVmm *vmm, GError **error);
json_t *fct_virt_facts(FctVmm *vmm, GError **error);
GPtrArray *fct_virt_secrets(FctVmm *vmm, GError **error);
FctVmInfo *fct_virt_info(FctVmm *vmm, const char *id, GError **error);
/* The same for the watcher: TRUE also while a call to the VM is past its deadline. */
FctVmInfo *fct_virt_read_info(FctVirt *virt, const char *id, GError **error);

/*
 * describe.c: the XML of @domain. When it is @active and does not answer in time: its last known XML, or what can be
 * known without QEMU; then *ret_unseen says that its devices are unknown. Call it inside a call of a lane other than
 * FCT_LANE_XML. Free with g_free.
 */
char *fct_virt_describe(FctVirt *virt, virDomainPtr domain, gboolean active, gboolean *ret_unseen, GError **error);

/*
 * volume_places.c: adds the files of @volumes, of fct_domain_info_and_volumes, to @info; sets `unseen` for another
 * program's VM with a volume that libvirt does not find. Call it inside a call of a lane other than FCT_LANE_XML.
 */
void fct_virt_place_volumes(FctVirt *virt, FctVmInfo *info, const json_t *volumes);

/* drivers.c: adds the drivers that this libvirt lacks to @list ({"what","why","next"}). On a worker. */
void fct_virt_missing_drivers(virConnectPtr conn, json_t *list);
/*
 * For libvirt's "this function is not supported by the connection driver: virConnectListAllStoragePools": the missing
 * driver and what to do; NULL for other errors. Free it.
 */
char *fct_virt_driver_sentence(const char *message);

/* power.c */
gboolean fct_virt_define(FctVmm *vmm, const FctVmSpec *spec, GError **error);
gboolean fct_virt_start(FctVmm *vmm, const FctVmSpec *spec, GError **error);
gboolean fct_virt_check_device(FctVmm *vmm, const FctVmDevice *device, GError **error);
gboolean fct_virt_shutdown(FctVmm *vmm, const char *id, GError **error);
gboolean fct_virt_destroy(FctVmm *vmm, const char *id, GError **error);
gboolean fct_virt_reset(FctVmm *vmm, const char *id, GError **error);
gboolean fct_virt_reboot(FctVmm *vmm, const char *id, GError **error);
gboolean fct_virt_pause(FctVmm *vmm, const char *id, GError **error);
gboolean fct_virt_resume(FctVmm *vmm, const char *id, GError **error);
gboolean fct_virt_undefine(FctVmm *vmm, const char *id, GError **error);
/* The domain if it exists and is ours; a special error when it is another program's. Inside a call. */
virDomainPtr fct_virt_find_ours(virConnectPtr conn, const char *id, GError **error);

/* hotplug.c */
gboolean fct_virt_disk_attach(FctVmm *vmm, const char *id, const FctVmDisk *disk, GError **error);
gboolean fct_virt_disk_detach(FctVmm *vmm, const char *id, const char *target, GError **error);
gboolean fct_virt_disk_medium(FctVmm *vmm, const char *id, const FctVmDisk *cdrom, GError **error);
gboolean fct_virt_disk_grow(FctVmm *vmm, const char *id, const char *target, gint64 bytes, GError **error);
gboolean fct_virt_nic_attach(FctVmm *vmm, const char *id, const FctVmNic *nic, GError **error);
gboolean fct_virt_nic_detach(FctVmm *vmm, const char *id, const char *mac, GError **error);
gboolean fct_virt_nic_move(FctVmm *vmm, const char *id, const FctVmNic *nic, GError **error);

/* The domain if it exists and is ours; a special error when it is another program's. */
virDomainPtr fct_virt_find_ours(virConnectPtr conn, const char *id, GError **error);

/* snapshot.c, merge.c */
gboolean fct_virt_snapshot(FctVmm *vmm, const char *id, const GPtrArray *overlays, const char *memory,
                           gint64 memory_mib, gboolean freeze, FctVmmProgress progress, gpointer data, GError **error);
gboolean fct_virt_restore(FctVmm *vmm, const char *id, const GPtrArray *overlays, const char *memory, gint64 memory_mib,
                          gboolean paused, GError **error);
gboolean fct_virt_saved_continue(FctVmm *vmm, const char *id, gint64 memory_mib, GError **error);
gboolean fct_virt_saved_drop(FctVmm *vmm, const char *id, GError **error);
json_t *fct_virt_disk_paths(FctVmm *vmm, const char *id, GError **error);
gboolean fct_virt_merge(FctVmm *vmm, const char *id, const FctChainStep *step, gboolean own, FctVmmProgress progress,
                        gpointer data, GError **error);
gboolean fct_virt_merge_end(FctVmm *vmm, const char *id, GError **error);

/* adopt.c */
FctAdoption *fct_virt_adoption(FctVmm *vmm, const char *id, GError **error);
gboolean fct_virt_mark(FctVmm *vmm, const char *id, gboolean ours, GError **error);
FctRelease *fct_virt_let_go(FctVmm *vmm, FctVmSpec *spec, const char *original, gboolean host_starts, GError **error);

/* disk.c */
gboolean fct_virt_disk_check(FctVmm *vmm, const char *path, const char *format, gint64 *ret_bytes, GError **error);
gboolean fct_virt_disk_convert(FctVmm *vmm, const char *image, const char *format, const char *target,
                               const char *target_format, FctVmmProgress progress, gpointer data, GError **error);
gboolean fct_virt_disk_delete(FctVmm *vmm, const char *path, GError **error);

/* network.c, network_change.c, network_restart.c, interfaces.c */
GPtrArray *fct_virt_networks(FctVmm *vmm, GError **error);
/* On a worker. */
FctNetwork *fct_virt_network_read(virNetworkPtr handle, GError **error);
gboolean fct_virt_network_create(FctVmm *vmm, const FctNetwork *network, GError **error);
gboolean fct_virt_network_start(FctVmm *vmm, const char *name, GError **error);
gboolean fct_virt_network_delete(FctVmm *vmm, const char *name, GError **error);
json_t *fct_virt_network_prepare(FctVmm *vmm, const FctNetwork *wanted, gboolean redefine, GError **error);
gboolean fct_virt_network_define(FctVmm *vmm, const json_t *change, gboolean back, GError **error);
gboolean fct_virt_network_restart(FctVmm *vmm, const json_t *change, gboolean back, GError **error);
json_t *fct_virt_network_unplugged(FctVmm *vmm, const json_t *change, GError **error);
gboolean fct_virt_network_replug(FctVmm *vmm, const json_t *change, const char *id, GError **error);
/* On a worker: the network if it exists and is ours. @what: what "could not be" done. */
virNetworkPtr fct_virt_network_find(virConnectPtr conn, const char *name, FctNetwork **ret, GError **error);
gboolean fct_virt_network_fail(GError **error, const char *name, const char *what);
/* Changes DHCP and static leases to those of @wanted, without a restart; undone when it fails. */
gboolean fct_virt_network_change_dhcp(virNetworkPtr handle, const FctNetwork *present, const FctNetwork *wanted,
                                      GError **error);
gboolean fct_virt_network_same_dhcp(const FctNetwork *a, const FctNetwork *b);
GPtrArray *fct_virt_interfaces(FctVmm *vmm, char **ret_why, GError **error);

/* storage.c, volume.c, volume_copy.c, volume_convert.c, volume_stream.c */
GPtrArray *fct_virt_pools(FctVmm *vmm, GError **error);
gboolean fct_virt_pool_create(FctVmm *vmm, const FctPoolInput *input, GError **error);
gboolean fct_virt_pool_start(FctVmm *vmm, const char *pool, GError **error);
gboolean fct_virt_pool_stop(FctVmm *vmm, const char *pool, GError **error);
gboolean fct_virt_pool_refresh(FctVmm *vmm, const char *pool, GError **error);
gboolean fct_virt_pool_delete(FctVmm *vmm, const char *pool, GError **error);
GPtrArray *fct_virt_volumes(FctVmm *vmm, const char *pool, GError **error);
FctVolume *fct_virt_volume(FctVmm *vmm, const char *pool, const char *name, GError **error);
FctVolume *fct_virt_volume_create(FctVmm *vmm, const char *pool, const char *name, const char *format, gint64 bytes,
                                  const FctLayer *backing, GError **error);
FctVolume *fct_virt_volume_copy(FctVmm *vmm, const FctVmmSource *from, const char *pool, const char *name,
                                const char *format, FctVmmProgress progress, gpointer data, GError **error);
/* Copies by a QEMU that never runs a guest, into a pool of files. It makes the new volume. */
gboolean fct_virt_volume_convert(FctVmm *vmm, const FctVmmSource *from, const char *pool, const char *name,
                                 const char *format, FctVmmProgress progress, gpointer data, GError **error);
gboolean fct_virt_copy_end(FctVmm *vmm, const char *pool, const char *name, GError **error);
gboolean fct_virt_volume_grow(FctVmm *vmm, const char *pool, const char *name, const char *format, gint64 bytes,
                              GError **error);
gboolean fct_virt_volume_delete(FctVmm *vmm, const char *pool, const char *name, GError **error);
/* Deletes a volume that we made and could not fill; another file that has its name by now stays. */
void fct_virt_volume_unmake(FctVmm *vmm, const FctVolume *made);
/*
 * What was brought to the disk: nothing that can be reached from here, the file with its name, or its whole file
 * system.
 */
typedef enum { FCT_SYNCED_NOTHING, FCT_SYNCED_FILE, FCT_SYNCED_ALL } FctVirtSynced;
gboolean fct_virt_sync_in(const FctPool *pool, const FctVolume *volume, FctVirtSynced *ret, GError **error);
/* device_use.c */
typedef struct {
    const char *proc, *sys; /* where the kernel's file systems are: "/proc", "/sys" */
} FctKernelView;
FctDeviceUse fct_virt_device_use_in(const FctKernelView *view, dev_t device, char **ret_where);
/* Whether a file is in use by a loop device, or as swap. */
FctDeviceUse fct_virt_file_use_in(const FctKernelView *view, const char *path, char **ret_where);
FctDeviceUse fct_virt_device_use(FctVmm *vmm, const char *path, char **ret_where);
FctVmmStream *fct_virt_volume_open(FctVmm *vmm, const char *pool, const char *name, gboolean write, gint64 offset,
                                   gint64 length, GError **error);
gssize fct_virt_stream_read(FctVmmStream *stream, guint8 *bytes, gsize length, gint64 *ret_hole, GError **error);
gboolean fct_virt_stream_write(FctVmmStream *stream, const guint8 *bytes, gsize length, gboolean fresh, GError **error);
gboolean fct_virt_stream_skip(FctVmmStream *stream, gint64 length, GError **error);
gboolean fct_virt_stream_close(FctVmmStream *stream, gboolean finish, GError **error);
/* The volume's handle, or NULL with @error. */
/*
 * libvirt opens a volume by its name, as root. Others who may write to the pool's folder could put a link in its place
 * between our check and that: so the folder must not change from before the check until libvirt has the volume open.
 */
typedef struct {
    char *folder; /* NULL: only root and facetd's own user may write there */
    struct statx seen;
} FctVirtMark;
void fct_virt_mark_clear(FctVirtMark *mark);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FctVirtMark, fct_virt_mark_clear)
/*
 * Call it before the check. FALSE: the folder changed just now, so a further change could have the same time; try
 * again.
 */
gboolean fct_virt_mark_set(FctVirtMark *mark, const FctPool *pool);
gboolean fct_virt_mark_holds(const FctVirtMark *mark);
/*
 * @begin makes libvirt open the volume and does nothing with it yet. When the folder was changed meanwhile it is called
 * again, and must drop what it had. What it has after a failure may not be read or written.
 */
typedef gboolean (*FctVirtBegin)(virStorageVolPtr volume, gpointer data, GError **error);
gboolean fct_virt_volume_begin(virConnectPtr conn, const char *pool, const char *name, FctVirtBegin begin,
                               gpointer data, GError **error);

/* Why nobody may open the volume at @path of @pool: it is no plain file inside of the pool. NULL: it is one. */
const char *fct_virt_volume_outside(const FctPool *pool, const char *path);
/*
 * Reads from the file system, by @volume's path: whether it is outside, and of a file inside which one it is and
 * whether it has other names.
 */
void fct_virt_volume_inspect(const FctPool *pool, FctVolume *volume);
gboolean fct_virt_volume_sync(FctVmm *vmm, const FctVolume *volume, GError **error);
/* For whatever reads or writes its bytes: FCT_ERROR_REFUSED for a volume that leads out of its pool. */
virStorageVolPtr fct_virt_find_volume(virConnectPtr conn, const char *pool, const char *name, GError **error);
/* Like fct_virt_set_error, but a full disk is FCT_ERROR_NO_SPACE. FALSE. */
gboolean fct_virt_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The key by which calls to a pool are serialized. */
#define FCT_VIRT_POOL "pool "
/* The key for describing a running VM, which may hang while other calls to the VM do not. */
#define FCT_VIRT_XML "xml:"

/* disk_errors.c */
json_t *fct_virt_disk_errors(FctVmm *vmm, const char *id, GError **error);

/* console.c: opening the serial line needs no QEMU, so it does not wait for other calls to the VM. */
#define FCT_VIRT_SERIAL "serial line of "
int fct_virt_open_serial(FctVmm *vmm, const char *id, gboolean force, GError **error);
int fct_virt_open_graphics(FctVmm *vmm, const char *id, GError **error);

/* guest.c: one call at a time to each agent, independent of other calls to the VM. */
#define FCT_VIRT_AGENT "agent "
json_t *fct_virt_guest(FctVmm *vmm, const char *id, GError **error);
gboolean fct_virt_thaw(FctVmm *vmm, const char *id, GError **error);
/* FALSE when no agent took it; then the guest must be asked in another way. */
gboolean fct_virt_agent_shutdown(FctVirt *virt, const char *id);
gboolean fct_virt_agent_reboot(FctVirt *virt, const char *id);

/* stats.c */
json_t *fct_virt_stats(FctVmm *vmm, GError **error);
/* Updates the table of running VMs; the caller holds the lock. */
void fct_virt_usage_note(FctVirt *virt, const char *id, gboolean running, int vcpus, gint64 memory_mib);
void fct_virt_usage_free(gpointer usage);
