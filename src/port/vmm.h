/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port: virtual machines (libvirt). Calls block: worker threads only, never the thread that serves HTTP. Thread-safe.
 * Domains that Facet made carry its metadata element; others are listed with `ours` FALSE and never changed.
 */
#pragma once
#include "core/chain.h"
#include "model/host_interface.h"
#include "model/network.h"
#include "model/plan.h"
#include "model/storage.h"
#include "model/vm.h"

typedef struct FctVmm FctVmm;

/* How a part reaches the guest. The back end that writes the XML is chosen at the start (facetd --part-device). */
typedef struct {
    char *alias;   /* "ua-facet-gpu0": stable in the domain */
    char *part;    /* part id */
    char *label;   /* "NVIDIA A100 80GB PCIe 3g.40gb": shown in the guest where the method can */
    char *address; /* PCI address to pass; "" when the method needs none */
    char *mdev;    /* mdev UUID; "" */
} FctVmDevice;

typedef struct {
    char *id; /* Facet's id is the domain's UUID */
    char *name;
    int vcpus;
    gint64 memory_mib;
    char *os; /* "linux", "windows", "other" */
    gboolean uefi;
    char *nvram;       /* the file with UEFI's variables; "": FCT_NVRAM with the id, which no name changes */
    char *loader;      /* firmware of its own: a file of the host; "": libvirt chooses it */
    char *loader_type; /* of that: "pflash" or "rom"; "" */
    gboolean loader_secure;
    char *nvram_template; /* the file from which the variables are first copied; "": libvirt knows */
    gboolean tpm;         /* 2.0, emulated */
    char *tpm_secret;     /* libvirt's secret with which the TPM's state is encrypted; "" */
    char *title, *text;   /* description that libvirt shows to people; "" */
    char *metadata;       /* XML of other programs in its <metadata>; "" */
    gboolean agent;       /* a channel for the guest agent */
    GStrv boot;           /* in this order: "disk", "cdrom", "network"; empty is "disk" */
    GPtrArray *disks;     /* FctVmDisk* */
    GPtrArray *nics;      /* FctVmNic* */
    GPtrArray *devices;   /* FctVmDevice*: only set for a start */
} FctVmSpec;

/* Where libvirt keeps such files. By itself it names them after the VM, and loses them when that name changes. */
#define FCT_NVRAM "/var/lib/libvirt/qemu/nvram/%s_VARS.fd"

/* Of a running VM; unknown while it is off or libvirt does not answer. */
typedef enum { FCT_AGENT_UNKNOWN, FCT_AGENT_NONE, FCT_AGENT_DISCONNECTED, FCT_AGENT_CONNECTED } FctAgentState;

typedef enum { FCT_VM_OFF, FCT_VM_RUNNING, FCT_VM_PAUSED, FCT_VM_STOPPING, FCT_VM_CRASHED, FCT_VM_UNKNOWN } FctVmState;

/*
 * Why it is paused: somebody asked for it, QEMU stopped it because a disk could not be read or written, or another
 * reason.
 */
typedef enum { FCT_PAUSE_NONE, FCT_PAUSE_ASKED, FCT_PAUSE_IO_ERROR, FCT_PAUSE_OTHER } FctVmPause;

/* Shared by reference count, and not changed once shared. */
typedef struct {
    gint refs;
    char *id;
    char *name;
    gboolean ours;
    FctVmState state;
    FctVmPause pause;
    gboolean saved; /* off in the middle of a run, whose memory libvirt keeps: its start continues with that */
    int vcpus;
    gint64 memory_mib;
    json_t *parts; /* array of the part ids that the running domain holds, from its metadata; owned */
    /*
     * Array of paths: every file, device and folder that the domain names (drives with media and backing files,
     * firmware, memory, TPM, shared folders, output of ports); owned.
     */
    json_t *disks;
    /*
     * Array of {"target","path"}. path: "" without a medium, "nbd:NAME" or "volume POOL/NAME" when no path is known;
     * owned.
     */
    json_t *drives;
    json_t *nics; /* array of {"mac","network"}. network: "" when it is none of libvirt's; owned */
    /*
     * Not all of its files can be known: it runs and its QEMU does not answer libvirt (disks, drives and nics are empty
     * then), or it is another program's and has a volume of a pool that libvirt does not find.
     */
    gboolean unseen;
    int reboots; /* number of its ends that were seen since the connection to libvirt came up */
    /*
     * The same for its starts, by anybody; counted before `state` was read, so that none is missed in between. Counts
     * of different connections cannot be compared: then `connection` differs.
     */
    int starts;
    guint connection;
    gboolean can_graphics, can_serial;
    int vnc;               /* which of its screens is VNC's, from 0; -1: none */
    gboolean other_screen; /* it has a screen of another kind: SPICE */
    FctAgentState agent;   /* FCT_AGENT_NONE: it has no channel for one */
} FctVmInfo;
FctVmInfo *fct_vm_info_new(void);
FctVmInfo *fct_vm_info_ref(const FctVmInfo *info);
void fct_vm_info_unref(FctVmInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVmInfo, fct_vm_info_unref)
/* Whether it runs or is paused, so that its QEMU exists. @info NULL: no. */
gboolean fct_vm_info_active(const FctVmInfo *info);
const char *fct_vm_state_name(FctVmState state); /* "off" "running" "paused" "stopping" "crashed" "unknown" */
FctVmSpec *fct_vm_spec_new(void);
void fct_vm_spec_free(FctVmSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVmSpec, fct_vm_spec_free)
FctVmDevice *fct_vm_device_new(void);
void fct_vm_device_free(FctVmDevice *device);

/* What to do with a disk whose definition names a backing file that Facet would not give it. */
#define FCT_FLATTEN                                                                                                    \
    "Copy the disk whole with qemu-img convert, and give the VM that file without <backingStore>, with virsh edit."

/* What another program's VM would be as one of ours. */
typedef struct {
    FctVmSpec *spec; /* from which Facet would make it; without devices; `below` by its definition, NULL: unknown */
    char *xml;       /* its definition as it is; "" */
    gboolean host_starts; /* libvirt starts it with the host */
    GPtrArray *kept;      /* char*: what stays as it is, for people */
    GPtrArray *lost;      /* char*: what a start by Facet would remove or change, for people */
    GPtrArray *verdicts;  /* FctVerdict*: why it cannot become ours at all, and warnings */
} FctAdoption;
FctAdoption *fct_adoption_new(void);
void fct_adoption_free(FctAdoption *adoption);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctAdoption, fct_adoption_free)

/* How much of the definition with which it was adopted a VM got back at its release. */
typedef struct {
    gboolean restored; /* FALSE: it keeps the definition that Facet made */
    char *why;         /* then: "since" what, for people, without a full stop; "" */
    GPtrArray *lost;   /* char*: what of the old definition stays changed, in the words of FctAdoption */
} FctRelease;
FctRelease *fct_release_new(void);
void fct_release_free(FctRelease *release);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctRelease, fct_release_free)

/* Called on the event thread: it must only post. @info NULL: the domain is gone (then only @id counts). */
typedef void (*FctVmmChanged)(const char *id, const FctVmInfo *info, gpointer data);
/* The connection came up or went down. After it came up the caller must list again, since events are not repeated. */
typedef void (*FctVmmConnection)(gboolean up, gpointer data);
/* Called on the event thread: it must only post. Something about networks has changed, so read them again. */
typedef void (*FctVmmNetworks)(gpointer data);

/* A pool or volumes in it have changed; NULL: any pool may have, since the connection is new. It must only post. */
typedef void (*FctVmmStorageChanged)(const char *pool, gpointer data);
/* The source of a copy, as Facet's record describes it: its bytes are not asked for its format. */
typedef struct {
    const char *pool, *name, *path, *format;
    const GPtrArray *below; /* FctLayer*; NULL or empty: it stands on nothing */
    gint64 bytes;           /* how long its own bytes are */
} FctVmmSource;

/* Called on a worker thread now and then. FALSE cancels: the work ends with FCT_ERROR_CANCELLED. Bytes. */
typedef gboolean (*FctVmmProgress)(gint64 done, gint64 total, gpointer data);
/* A transfer of a volume's bytes; one thread at a time. */
typedef struct FctVmmStream FctVmmStream;

typedef struct {
    /* {"libvirt","qemu","accel":"kvm|tcg","why_not_kvm","part_device":"vfio|standin","missing":[{"what","why",
     * "next"}]} */
    json_t *(*facts)(FctVmm *vmm, GError **error);
    GPtrArray *(*secrets)(FctVmm *vmm, GError **error); /* char*: UUIDs of libvirt's secrets */
    GPtrArray *(*list)(FctVmm *vmm, GError **error);    /* FctVmInfo* */
    /*
     * Asks libvirt now. FCT_ERROR_NOT_FOUND when it is gone; FCT_ERROR_TIMEOUT while a call that passed its deadline
     * may still change it.
     */
    FctVmInfo *(*info)(FctVmm *vmm, const char *id, GError **error);
    /*
     * Creates, renames (only while off) or replaces a domain of ours, without devices: these belong to one run of the
     * VM.
     */
    gboolean (*define)(FctVmm *vmm, const FctVmSpec *spec, GError **error);
    /* Whether start could pass @device to a guest on this host; the error says why not. Pure: any thread. */
    gboolean (*check_device)(FctVmm *vmm, const FctVmDevice *device, GError **error);
    gboolean (*start)(FctVmm *vmm, const FctVmSpec *spec, GError **error); /* redefines, starts with spec->devices */
    gboolean (*shutdown)(FctVmm *vmm, const char *id, GError **error);     /* asks the guest; returns at once */
    gboolean (*destroy)(FctVmm *vmm, const char *id, GError **error);      /* forced off; off already is success */
    gboolean (*reset)(FctVmm *vmm, const char *id, GError **error);
    gboolean (*reboot)(FctVmm *vmm, const char *id, GError **error); /* asks the guest; returns at once */
    gboolean (*pause)(FctVmm *vmm, const char *id, GError **error);  /* the guest keeps its memory and devices */
    gboolean (*resume)(FctVmm *vmm, const char *id, GError **error);
    /*
     * For a VM of ours that is off and `saved`: it continues with the memory that libvirt keeps, which is used up then.
     * FCT_ERROR_REFUSED: the saved run had parts of cards, or needs something that the VM does not have.
     */
    gboolean (*saved_continue)(FctVmm *vmm, const char *id, gint64 memory_mib, GError **error);
    gboolean (*saved_drop)(FctVmm *vmm, const char *id, GError **error); /* none is success */
    /* For a VM of ours that QEMU stopped: {"vda": "no-space" | "io"}. */
    json_t *(*disk_errors)(FctVmm *vmm, const char *id, GError **error);
    /* Also deletes NVRAM and TPM state, but not the disks. A domain that is gone already is success. */
    gboolean (*undefine)(FctVmm *vmm, const char *id, GError **error);
    /*
     * Changes a running VM at once; its definition stays as it is. FCT_ERROR_UNSUPPORTED when only a start can do it.
     * Detaching only asks the guest: it is done when info() shows the VM without the device.
     */
    gboolean (*disk_attach)(FctVmm *vmm, const char *id, const FctVmDisk *disk, GError **error);
    gboolean (*disk_detach)(FctVmm *vmm, const char *id, const char *target, GError **error);
    gboolean (*disk_medium)(FctVmm *vmm, const char *id, const FctVmDisk *cdrom, GError **error); /* as @cdrom says */
    gboolean (*disk_grow)(FctVmm *vmm, const char *id, const char *target, gint64 bytes, GError **error);
    gboolean (*nic_attach)(FctVmm *vmm, const char *id, const FctVmNic *nic, GError **error);
    gboolean (*nic_detach)(FctVmm *vmm, const char *id, const char *mac, GError **error);
    gboolean (*nic_move)(FctVmm *vmm, const char *id, const FctVmNic *nic, GError **error); /* to its network */
    /* What a domain would be as one of ours, whether it carries our mark or not. Changes nothing. */
    FctAdoption *(*adoption)(FctVmm *vmm, const char *id, GError **error);
    /*
     * Adds our mark to the definition and the run of another program's VM, or removes it; nothing else of it changes.
     * Success when it is so already.
     */
    gboolean (*mark)(FctVmm *vmm, const char *id, gboolean ours, GError **error);
    /*
     * Removes the mark for good. libvirt starts the VM with the host if @host_starts. @original: the definition with
     * which the VM was adopted; it gets that back, with name, description, memory and vCPUs of @spec; "": none. If more
     * was changed since, or libvirt does not accept it any more, the VM keeps its present definition. Takes @spec over.
     */
    FctRelease *(*release)(FctVmm *vmm, FctVmSpec *spec, const char *original, gboolean host_starts, GError **error);
    /*
     * Whether an image from elsewhere is complete by itself and, a qcow2, sound in all its tables; its size as a guest
     * sees it. FCT_ERROR_REFUSED.
     */
    gboolean (*disk_check)(FctVmm *vmm, const char *path, const char *format, gint64 *ret_bytes, GError **error);
    /*
     * Copies the image file @image in another format to @target, which must not exist; it is deleted again on failure.
     */
    gboolean (*disk_convert)(FctVmm *vmm, const char *image, const char *format, const char *target,
                             const char *target_format, FctVmmProgress progress, gpointer data, GError **error);
    gboolean (*disk_delete)(FctVmm *vmm, const char *path, GError **error); /* missing is success */
    GPtrArray *(*pools)(FctVmm *vmm, GError **error);                       /* FctPool*, others' too */
    /*
     * Makes the folder, mounts it or finds the volume group, and starts the pool now and with the host. After a failure
     * nothing is left, also after one by the deadline. FCT_ERROR_EXISTS.
     */
    gboolean (*pool_create)(FctVmm *vmm, const FctPoolInput *input, GError **error);
    gboolean (*pool_start)(FctVmm *vmm, const char *pool, GError **error); /* running already is success */
    gboolean (*pool_stop)(FctVmm *vmm, const char *pool, GError **error); /* volumes stay; stopped already is success */
    gboolean (*pool_refresh)(FctVmm *vmm, const char *pool, GError **error);
    /* Deletes only the definition, never data; ours only. Success when it is gone already. */
    gboolean (*pool_delete)(FctVmm *vmm, const char *pool, GError **error);
    GPtrArray *(*volumes)(FctVmm *vmm, const char *pool, GError **error); /* FctVolume*; a stopped pool has none */
    FctVolume *(*volume)(FctVmm *vmm, const char *pool, const char *name, GError **error); /* FCT_ERROR_NOT_FOUND */
    /*
     * Makes an empty volume, thin where the pool can. @format: "qcow2" or "raw". @backing: the file on which it stands
     * (for a qcow2 in a pool of files); NULL. FCT_ERROR_EXISTS, FCT_ERROR_NO_SPACE.
     */
    FctVolume *(*volume_create)(FctVmm *vmm, const char *pool, const char *name, const char *format, gint64 bytes,
                                const FctLayer *backing, GError **error);
    /*
     * Makes a new volume with the whole content of another, standing on nothing. Bytes are copied as they are if that
     * is enough (same format, no backing file); otherwise a QEMU that never runs a guest copies what the chain of @from
     * shows. Cancelling works at once. After a failure nothing is left, unless libvirt has gone. @progress is first
     * called with (0, total) when the new volume exists and is empty; where only libvirt can copy, once it shows the
     * volume.
     */
    FctVolume *(*volume_copy)(FctVmm *vmm, const FctVmmSource *from, const char *pool, const char *name,
                              const char *format, FctVmmProgress progress, gpointer data, GError **error);
    /* Ends a QEMU that copies into that volume and was left behind. */
    gboolean (*copy_end)(FctVmm *vmm, const char *pool, const char *name, GError **error);
    /* Not for a volume that a running VM has. FCT_ERROR_BAD_REQUEST ("size_gib") when it is larger already. */
    gboolean (*volume_grow)(FctVmm *vmm, const char *pool, const char *name, const char *format, gint64 bytes,
                            GError **error);
    gboolean (*volume_delete)(FctVmm *vmm, const char *pool, const char *name, GError **error); /* missing is success */
    /*
     * Brings what was written to the volume, and its name, to the disk. libvirt has no call for that, and its streams
     * end without it. A file that this process may open is synced; for any other (a disk belongs to root) its whole
     * file system is synced, if this process may open a folder of it. TRUE without doing anything for what is left: a
     * device (the kernel writes its pages when the last opener closes it, though the disk's own cache may still hold
     * them), a file system without a folder that this process may open, and what a server keeps in its memory.
     * FCT_ERROR_NO_SPACE.
     */
    gboolean (*volume_sync)(FctVmm *vmm, const FctVolume *volume, GError **error);
    /*
     * How the host itself uses the device or file at @path (as a loop device, as swap), as far as its kernel shows it:
     * a guest that writes there as well would destroy both. *ret_where: where it is mounted, or what is built on it;
     * NULL; free it. Asks no server for a path that is not on one, and touches no device.
     */
    FctDeviceUse (*device_use)(FctVmm *vmm, const char *path, char **ret_where);
    /* From @offset, @length bytes (0: to the end). FCT_ERROR_UNSUPPORTED where libvirt has no streams. */
    FctVmmStream *(*volume_open)(FctVmm *vmm, const char *pool, const char *name, gboolean write, gint64 offset,
                                 gint64 length, GError **error);
    /*
     * Returns the bytes read, 0 at the end, -1 on error. For a hole it returns 0 and its length in @ret_hole; with NULL
     * holes read as zeros.
     */
    gssize (*stream_read)(FctVmmStream *stream, guint8 *bytes, gsize length, gint64 *ret_hole, GError **error);
    /* Writes all of it. With @fresh zeros may be left out, since the volume was made new and reads as zeros there. */
    gboolean (*stream_write)(FctVmmStream *stream, const guint8 *bytes, gsize length, gboolean fresh, GError **error);
    gboolean (*stream_skip)(FctVmmStream *stream, gint64 length,
                            GError **error); /* a hole, when writing to a new one */
    /*
     * Ends and frees the stream. @finish: waits until libvirt has taken all bytes; otherwise what is under way is
     * dropped.
     */
    gboolean (*stream_close)(FctVmmStream *stream, gboolean finish, GError **error);
    /* One watcher, as with watch(). */
    void (*watch_storage)(FctVmm *vmm, FctVmmStorageChanged changed, gpointer data);
    /* FctNetwork*, also of other programs, with the present leases. */
    GPtrArray *(*networks)(FctVmm *vmm, GError **error);
    /* FctHostInterface*, by name. *ret_why: why kinds and members are not known; NULL when they are. Free it. */
    GPtrArray *(*interfaces)(FctVmm *vmm, char **ret_why, GError **error);
    /*
     * Defines and starts the network, and lets it start with the host if it says so. If it cannot be started nothing is
     * left.
     */
    gboolean (*network_create)(FctVmm *vmm, const FctNetwork *network, GError **error);
    /* Starts anybody's network, since a VM may wait for it. Success when it runs already. FCT_ERROR_NOT_FOUND. */
    gboolean (*network_start)(FctVmm *vmm, const char *name, GError **error);
    /*
     * Prepares a change of a network of ours to @wanted (of fct_network_changed). The result is to be stored before
     * anything is done: the present state, the wanted state, and the VMs ("guests": [{"id","name",…}]) whose NICs must
     * be plugged in again. With it anybody can do the rest, in this order, as often as needed, since each step looks at
     * the actual state and does what is missing. Without @redefine only DHCP and autostart differ, and no guest
     * notices.
     */
    json_t *(*network_prepare)(FctVmm *vmm, const FctNetwork *wanted, gboolean redefine, GError **error);
    /*
     * Gives the network its wanted definition and autostart; @back: the former ones. FCT_ERROR_CONFLICT when somebody
     * else has changed it meanwhile. After FCT_ERROR_TIMEOUT, here and below, the call may still be at work.
     */
    gboolean (*network_define)(FctVmm *vmm, const json_t *change, gboolean back, GError **error);
    /* Restarts the network with that definition, if it ran before. VMs in it lose their link. */
    gboolean (*network_restart)(FctVmm *vmm, const json_t *change, gboolean back, GError **error);
    /* The running VMs, as "guests", with a NIC that is not plugged into the network's present bridge. */
    json_t *(*network_unplugged)(FctVmm *vmm, const json_t *change, GError **error);
    /* Plugs the NICs of one VM in, with the link state that they had. Success when the VM is gone. */
    gboolean (*network_replug)(FctVmm *vmm, const json_t *change, const char *id, GError **error);
    /* Ours only; success when it is gone already. VMs that are attached to it lose their link. */
    gboolean (*network_delete)(FctVmm *vmm, const char *name, GError **error);
    /*
     * From now on the VM, which runs or is paused, writes to @overlays (FctChainFile*, which exist; one for each disk
     * that is frozen): to all or to none. @memory: the file to which its memory of @memory_mib is saved, while it
     * pauses and @progress is called; NULL. @freeze: the guest's agent freezes file systems meanwhile; call thaw()
     * afterwards, whatever came of it. After FCT_ERROR_TIMEOUT it may still happen: disk_paths tells.
     */
    gboolean (*snapshot)(FctVmm *vmm, const char *id, const GPtrArray *overlays, const char *memory, gint64 memory_mib,
                         gboolean freeze, FctVmmProgress progress, gpointer data, GError **error);
    /* Starts the VM, which is off, with that memory, on @overlays in place of the files of the snapshot. */
    gboolean (*restore)(FctVmm *vmm, const char *id, const GPtrArray *overlays, const char *memory, gint64 memory_mib,
                        gboolean paused, GError **error);
    /* {"vda": path}: the files to which its disks write, or wrote when it went off. FCT_ERROR_TIMEOUT as with info. */
    json_t *(*disk_paths)(FctVmm *vmm, const char *id, GError **error);
    /*
     * Commits step->top into step->base; success when that was done already. @own: by the QEMU of the VM, which runs
     * and has these files open; otherwise by one that is started for it and ends with it. When it breaks off or is
     * cancelled, only the content of the base has changed, and it can be done again.
     */
    gboolean (*merge)(FctVmm *vmm, const char *id, const FctChainStep *step, gboolean own, FctVmmProgress progress,
                      gpointer data, GError **error);
    /* Ends a QEMU for merges that an earlier facetd left behind. */
    gboolean (*merge_end)(FctVmm *vmm, const char *id, GError **error);
    /* A connected socket (the caller closes it): serial bytes, or RFB without authentication. @force ends another
     * viewer. */
    int (*open_serial)(FctVmm *vmm, const char *id, gboolean force, GError **error);
    int (*open_graphics)(FctVmm *vmm, const char *id, GError **error);
    /*
     * Object id → {"cpu_percent","memory_used_mib","memory_total_mib"}; unknown values are null. Does not use the QEMU
     * monitor.
     */
    json_t *(*stats)(FctVmm *vmm, GError **error);
    /*
     * What the guest's agent reports: {"hostname","os","kernel",
     * "interfaces":[{"name","mac","addresses":["10.0.0.5/24"]}],
     * "filesystems":[{"mountpoint","type","total_bytes","used_bytes"}]}; what it does not report is null. Only the
     * guest says so: size and text are checked, nothing else. FCT_ERROR_CONFLICT without an agent that answers.
     */
    json_t *(*guest)(FctVmm *vmm, const char *id, GError **error);
    /*
     * Makes the guest's file systems write again, whether they were frozen or not; a VM that is off or gone is success.
     * FCT_ERROR_CONFLICT, FCT_ERROR_TIMEOUT … while its agent does not answer.
     */
    gboolean (*thaw)(FctVmm *vmm, const char *id, GError **error);
    /* One watcher; NULL ends it: once this has returned it is not called any more. Not from within its own calls. */
    void (*watch)(FctVmm *vmm, FctVmmChanged changed, FctVmmConnection connection, gpointer data);
    /* The same for networks that are defined, started, stopped or deleted, or when libvirt comes or goes. */
    void (*watch_networks)(FctVmm *vmm, FctVmmNetworks changed, gpointer data);
    void (*free)(FctVmm *vmm);
} FctVmmOps;

struct FctVmm {
    const FctVmmOps *ops;
};

struct FctVmmStream {
    FctVmm *vmm;
};

static inline void fct_vmm_free(FctVmm *vmm)
{
    if (vmm)
        vmm->ops->free(vmm);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVmm, fct_vmm_free)
