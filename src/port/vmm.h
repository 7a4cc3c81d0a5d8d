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

/* How a part reaches the guest. Which back end makes the XML is chosen at start (facetd --part-device). */
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
    char *nvram;       /* the file that keeps what UEFI remembers; "": FCT_NVRAM with the id, which no name changes */
    char *loader;      /* firmware of its own: a file of the host; "": libvirt picks it */
    char *loader_type; /* of that: "pflash" or "rom"; "" */
    gboolean loader_secure;
    char *nvram_template; /* what that file is first copied from; "": libvirt knows */
    gboolean tpm;         /* 2.0, emulated */
    char *tpm_secret;     /* libvirt's secret by which the TPM's state is encrypted; "" */
    char *title, *text;   /* what libvirt tells people of it; "" */
    char *metadata;       /* XML of other programs in its <metadata>; "" */
    gboolean agent;       /* a channel for the guest agent */
    GStrv boot;           /* in this order: "disk", "cdrom", "network"; empty is "disk" */
    GPtrArray *disks;     /* FctVmDisk* */
    GPtrArray *nics;      /* FctVmNic* */
    GPtrArray *devices;   /* FctVmDevice*: only set for a start */
} FctVmSpec;

/* Where libvirt keeps such files; by itself it calls them by the VM's name, and forgets them when that changes. */
#define FCT_NVRAM "/var/lib/libvirt/qemu/nvram/%s_VARS.fd"

/* Of a running VM; unknown while it is off or libvirt does not answer. */
typedef enum { FCT_AGENT_UNKNOWN, FCT_AGENT_NONE, FCT_AGENT_DISCONNECTED, FCT_AGENT_CONNECTED } FctAgentState;

typedef enum { FCT_VM_OFF, FCT_VM_RUNNING, FCT_VM_PAUSED, FCT_VM_STOPPING, FCT_VM_CRASHED, FCT_VM_UNKNOWN } FctVmState;

/* Why it is paused: somebody asked for it, QEMU stopped it since a disk could not be read or written, or for another
 * reason. */
typedef enum { FCT_PAUSE_NONE, FCT_PAUSE_ASKED, FCT_PAUSE_IO_ERROR, FCT_PAUSE_OTHER } FctVmPause;

/* Shared by reference: nobody changes one that others may have. */
typedef struct {
    gint refs;
    char *id;
    char *name;
    gboolean ours;
    FctVmState state;
    FctVmPause pause;
    gboolean saved; /* off in the middle of a run, whose memory libvirt keeps: its own start goes on with that */
    int vcpus;
    gint64 memory_mib;
    json_t *parts; /* array of part ids that the running domain holds, from its metadata; owned */
    /*
     * Array of paths: every file, device and folder that it names, of drives with media and backing files, of what it
     * boots with, of its memory, TPM, shared folders and what its ports write; owned.
     */
    json_t *disks;
    /* Array of {"target","path"}: path "" without a medium, "nbd:NAME" or "volume POOL/NAME" where it is no path that
     * is known; owned. */
    json_t *drives;
    json_t *nics; /* array of {"mac","network"}: network "" when it is none of libvirt's; owned */
    /*
     * Nobody knows all files that it has: it runs, and its QEMU does not answer libvirt (disks, drives and nics are
     * empty then), or it is another's and has a volume of a pool that libvirt does not find.
     */
    gboolean unseen;
    int reboots; /* seen since the connection to libvirt came up */
    /*
     * The same of its starts, whoever made them; counted before `state` was read, so that none falls between the two.
     * What is counted on one connection says nothing on the next: then `connection` differs.
     */
    int starts;
    guint connection;
    gboolean can_graphics, can_serial;
    int vnc;               /* which of its screens is VNC's, from 0; -1: none */
    gboolean other_screen; /* it has one of another kind: SPICE */
    FctAgentState agent;   /* FCT_AGENT_NONE: it has no channel for one */
} FctVmInfo;
FctVmInfo *fct_vm_info_new(void);
FctVmInfo *fct_vm_info_ref(const FctVmInfo *info);
void fct_vm_info_unref(FctVmInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVmInfo, fct_vm_info_unref)
/* It runs, or is paused: its QEMU is there. @info NULL: no. */
gboolean fct_vm_info_active(const FctVmInfo *info);
const char *fct_vm_state_name(FctVmState state); /* "off" "running" "paused" "stopping" "crashed" "unknown" */
FctVmSpec *fct_vm_spec_new(void);
void fct_vm_spec_free(FctVmSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctVmSpec, fct_vm_spec_free)
FctVmDevice *fct_vm_device_new(void);
void fct_vm_device_free(FctVmDevice *device);

/* What to do with a disk that by its definition stands on what Facet would not give it. */
#define FCT_FLATTEN                                                                                                    \
    "Copy the disk whole with qemu-img convert, and give the VM that file without <backingStore>, with virsh edit."

/* What another's VM would be as one of ours. */
typedef struct {
    FctVmSpec
        *spec; /* from which Facet would generate it; without devices; `below` as its definition says, NULL: not */
    char *xml; /* its definition as it is; "" */
    gboolean host_starts; /* libvirt starts it with the host */
    GPtrArray *kept;      /* char*: what stays as it is, for people */
    GPtrArray *lost;      /* char*: what a start by Facet would take from it or change, for people */
    GPtrArray *verdicts;  /* FctVerdict*: why it cannot be ours at all, and what to know first */
} FctAdoption;
FctAdoption *fct_adoption_new(void);
void fct_adoption_free(FctAdoption *adoption);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctAdoption, fct_adoption_free)

/* How much of the definition that it was adopted with a VM got back at its release. */
typedef struct {
    gboolean restored; /* FALSE: it keeps what Facet made of its definition */
    char *why;         /* then: "since" what, for people, without a full stop; "" */
    GPtrArray *lost;   /* char*: what of that definition stays changed, as FctAdoption says it */
} FctRelease;
FctRelease *fct_release_new(void);
void fct_release_free(FctRelease *release);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctRelease, fct_release_free)

/* On the event thread: post only. @info NULL: the domain is gone (then only @id counts). */
typedef void (*FctVmmChanged)(const char *id, const FctVmInfo *info, gpointer data);
/* The connection came up or went down; after "up" the caller lists again (events are not replayed). */
typedef void (*FctVmmConnection)(gboolean up, gpointer data);
/* On the same thread: post only. Something about networks has changed; read them again. */
typedef void (*FctVmmNetworks)(gpointer data);

/* A pool has changed in whatever way, or volumes of it; NULL: look at all of them (the connection is new). Post only.
 */
typedef void (*FctVmmStorageChanged)(const char *pool, gpointer data);
/* What is copied, as Facet's record has it: nobody looks into it for its format. */
typedef struct {
    const char *pool, *name, *path, *format;
    const GPtrArray *below; /* FctLayer*; NULL or empty: it stands on nothing */
    gint64 bytes;           /* how long its own bytes are */
} FctVmmSource;

/* On a worker thread, now and then: FALSE cancels, and the work ends with FCT_ERROR_CANCELLED. Bytes. */
typedef gboolean (*FctVmmProgress)(gint64 done, gint64 total, gpointer data);
/* Bytes of a volume on their way; of one thread at a time. */
typedef struct FctVmmStream FctVmmStream;

typedef struct {
    /* {"libvirt","qemu","accel":"kvm|tcg","why_not_kvm","part_device":"vfio|standin","missing":[{"what","why",
     * "next"}]} */
    json_t *(*facts)(FctVmm *vmm, GError **error);
    GPtrArray *(*secrets)(FctVmm *vmm, GError **error); /* char*: UUIDs of libvirt's secrets */
    GPtrArray *(*list)(FctVmm *vmm, GError **error);    /* FctVmInfo* */
    /* Fresh. FCT_ERROR_NOT_FOUND when it is gone; FCT_ERROR_TIMEOUT while a call whose deadline has passed may still
     * change it. */
    FctVmInfo *(*info)(FctVmm *vmm, const char *id, GError **error);
    /* Creates, renames (only while off) or replaces ours, without devices: they belong to one run of the VM. */
    gboolean (*define)(FctVmm *vmm, const FctVmSpec *spec, GError **error);
    /* Whether start could pass @device to a guest here; the error says why not. Pure: any thread. */
    gboolean (*check_device)(FctVmm *vmm, const FctVmDevice *device, GError **error);
    gboolean (*start)(FctVmm *vmm, const FctVmSpec *spec, GError **error); /* redefines, starts with spec->devices */
    gboolean (*shutdown)(FctVmm *vmm, const char *id, GError **error);     /* asks the guest; returns at once */
    gboolean (*destroy)(FctVmm *vmm, const char *id, GError **error);      /* forced off; off already is success */
    gboolean (*reset)(FctVmm *vmm, const char *id, GError **error);
    gboolean (*reboot)(FctVmm *vmm, const char *id, GError **error); /* asks the guest; returns at once */
    gboolean (*pause)(FctVmm *vmm, const char *id, GError **error);  /* the guest keeps its memory and devices */
    gboolean (*resume)(FctVmm *vmm, const char *id, GError **error);
    /*
     * Of ours that is off and `saved`: it goes on with the memory that libvirt keeps of it, which is gone then.
     * FCT_ERROR_REFUSED: what was saved had parts of cards, or asks for what the VM does not have.
     */
    gboolean (*saved_continue)(FctVmm *vmm, const char *id, gint64 memory_mib, GError **error);
    gboolean (*saved_drop)(FctVmm *vmm, const char *id, GError **error); /* none is success */
    /* Of ours that QEMU stopped: {"vda": "no-space" | "io"}. */
    json_t *(*disk_errors)(FctVmm *vmm, const char *id, GError **error);
    /* With NVRAM and TPM state, not the disks; gone already is success. */
    gboolean (*undefine)(FctVmm *vmm, const char *id, GError **error);
    /*
     * Of a VM that runs, at once; its definition stays as it is. FCT_ERROR_UNSUPPORTED when only a start can do it.
     * Detaching only asks the guest: it is done when info() shows the VM without the device.
     */
    gboolean (*disk_attach)(FctVmm *vmm, const char *id, const FctVmDisk *disk, GError **error);
    gboolean (*disk_detach)(FctVmm *vmm, const char *id, const char *target, GError **error);
    gboolean (*disk_medium)(FctVmm *vmm, const char *id, const FctVmDisk *cdrom, GError **error); /* as @cdrom says */
    gboolean (*disk_grow)(FctVmm *vmm, const char *id, const char *target, gint64 bytes, GError **error);
    gboolean (*nic_attach)(FctVmm *vmm, const char *id, const FctVmNic *nic, GError **error);
    gboolean (*nic_detach)(FctVmm *vmm, const char *id, const char *mac, GError **error);
    gboolean (*nic_move)(FctVmm *vmm, const char *id, const FctVmNic *nic, GError **error); /* to its network */
    /* What a domain would be as one of ours, whether it bears our mark or not; changes nothing. */
    FctAdoption *(*adoption)(FctVmm *vmm, const char *id, GError **error);
    /* Writes our mark into the definition and the run of another's VM, or takes it out again; nothing else of it
     * changes. As it is already is success. */
    gboolean (*mark)(FctVmm *vmm, const char *id, gboolean ours, GError **error);
    /*
     * Takes the mark out for good: libvirt starts the VM with the host where @host_starts. @original: the definition
     * that it had when it was adopted, which it gets back with name, description, memory and vCPUs of @spec; "" when
     * there is none. Where more was changed since, or libvirt takes it no more, it keeps the definition that it has.
     * Takes @spec over.
     */
    FctRelease *(*release)(FctVmm *vmm, FctVmSpec *spec, const char *original, gboolean host_starts, GError **error);
    /* Whether an image from elsewhere is whole in itself and, a qcow2, sound in all of its tables; its size as a guest
     * sees it. FCT_ERROR_REFUSED. */
    gboolean (*disk_check)(FctVmm *vmm, const char *path, const char *format, gint64 *ret_bytes, GError **error);
    /* A copy of the image file @image in another format at @target, which must not be there; gone again on failure. */
    gboolean (*disk_convert)(FctVmm *vmm, const char *image, const char *format, const char *target,
                             const char *target_format, FctVmmProgress progress, gpointer data, GError **error);
    gboolean (*disk_delete)(FctVmm *vmm, const char *path, GError **error); /* missing is success */
    GPtrArray *(*pools)(FctVmm *vmm, GError **error);                       /* FctPool*, others' too */
    /* Makes the folder, mounts or finds the volume group, and starts it now and with the host; nothing is left when
     * that fails, also when it fails after the deadline. FCT_ERROR_EXISTS. */
    gboolean (*pool_create)(FctVmm *vmm, const FctPoolInput *input, GError **error);
    gboolean (*pool_start)(FctVmm *vmm, const char *pool, GError **error); /* running already is success */
    gboolean (*pool_stop)(FctVmm *vmm, const char *pool, GError **error); /* volumes stay; stopped already is success */
    gboolean (*pool_refresh)(FctVmm *vmm, const char *pool, GError **error);
    /* The definition only, never data; ours only. Gone already is success. */
    gboolean (*pool_delete)(FctVmm *vmm, const char *pool, GError **error);
    GPtrArray *(*volumes)(FctVmm *vmm, const char *pool, GError **error); /* FctVolume*; a stopped pool has none */
    FctVolume *(*volume)(FctVmm *vmm, const char *pool, const char *name, GError **error); /* FCT_ERROR_NOT_FOUND */
    /*
     * Empty, thin where the pool can. @format: "qcow2" or "raw". @backing: the file it stands on (a qcow2 of a pool of
     * files); NULL. FCT_ERROR_EXISTS, FCT_ERROR_NO_SPACE.
     */
    FctVolume *(*volume_create)(FctVmm *vmm, const char *pool, const char *name, const char *format, gint64 bytes,
                                const FctLayer *backing, GError **error);
    /*
     * A new volume with the whole content of another, standing on nothing. Where bytes can simply be carried over (same
     * format, no backing file) they are; else a QEMU that never runs copies what the chain of @from shows. A cancel
     * works at once. Nothing is left of it after a failure, unless libvirt has gone. @progress is first told (0, total)
     * when the new volume is there and has no byte yet; where libvirt alone can copy, once it shows the volume.
     */
    FctVolume *(*volume_copy)(FctVmm *vmm, const FctVmmSource *from, const char *pool, const char *name,
                              const char *format, FctVmmProgress progress, gpointer data, GError **error);
    /* Ends a QEMU that copies into that volume and was left behind. */
    gboolean (*copy_end)(FctVmm *vmm, const char *pool, const char *name, GError **error);
    /* Not for one that a running VM has. FCT_ERROR_BAD_REQUEST ("size_gib") when it is larger already. */
    gboolean (*volume_grow)(FctVmm *vmm, const char *pool, const char *name, const char *format, gint64 bytes,
                            GError **error);
    gboolean (*volume_delete)(FctVmm *vmm, const char *pool, const char *name, GError **error); /* missing is success */
    /*
     * What was written to it is on the disk when this returns, and so is its name. libvirt has no call for that, and
     * its streams end without it. A file that this process may open is synced by itself; of any other (a disk belongs
     * to root) all of its file system is, where this process may open a folder of that. TRUE without having done
     * anything of what is left: a device, whose pages the kernel writes when its last opener closes it, though the
     * disk's own cache may hold them yet; a file system of which this process may open no folder; what a server keeps
     * in its own memory. FCT_ERROR_NO_SPACE.
     */
    gboolean (*volume_sync)(FctVmm *vmm, const FctVolume *volume, GError **error);
    /*
     * How the host itself uses the device or file (as a loop device, as swap) at @path, as far as its kernel shows it:
     * a guest that writes there, too, would destroy both. *ret_where: where it is mounted, or what is built on it;
     * NULL; free it. Asks no server for a path that is on none, and no device.
     */
    FctDeviceUse (*device_use)(FctVmm *vmm, const char *path, char **ret_where);
    /* From @offset, @length bytes (0: to the end). FCT_ERROR_UNSUPPORTED where libvirt has no streams. */
    FctVmmStream *(*volume_open)(FctVmm *vmm, const char *pool, const char *name, gboolean write, gint64 offset,
                                 gint64 length, GError **error);
    /* Bytes read, 0 at the end, -1 on error. A hole: 0, and its length in @ret_hole; with NULL holes read as zeros. */
    gssize (*stream_read)(FctVmmStream *stream, guint8 *bytes, gsize length, gint64 *ret_hole, GError **error);
    /* All of it. Zeros may be left out where @fresh: the volume was made new and reads as zeros there. */
    gboolean (*stream_write)(FctVmmStream *stream, const guint8 *bytes, gsize length, gboolean fresh, GError **error);
    gboolean (*stream_skip)(FctVmmStream *stream, gint64 length,
                            GError **error); /* a hole, when writing to a new one */
    /* Ends and frees it. @finish: waits until all that was written has been taken; else what is under way is dropped.
     */
    gboolean (*stream_close)(FctVmmStream *stream, gboolean finish, GError **error);
    /* One watcher, as with watch(). */
    void (*watch_storage)(FctVmm *vmm, FctVmmStorageChanged changed, gpointer data);
    /* FctNetwork*, others' too, with the leases of now. */
    GPtrArray *(*networks)(FctVmm *vmm, GError **error);
    /* FctHostInterface*, by name. *ret_why: why kinds and members are not known; NULL when they are. Free it. */
    GPtrArray *(*interfaces)(FctVmm *vmm, char **ret_why, GError **error);
    /* Defines it, starts it now and, as it says, whenever the host starts; nothing is left when it cannot be started.
     */
    gboolean (*network_create)(FctVmm *vmm, const FctNetwork *network, GError **error);
    /* Anybody's: a VM may wait for it. One that runs is success. FCT_ERROR_NOT_FOUND. */
    gboolean (*network_start)(FctVmm *vmm, const char *name, GError **error);
    /*
     * A change of ours to @wanted (of fct_network_changed), written down before anything is done: what there is, what
     * there shall be, and the VMs ("guests": [{"id","name",…}]) whose NICs are to be plugged in again. Whoever has it
     * can do the rest, in this order, as often as need be: each looks at what is so and does what is missing. Without
     * @redefine only DHCP and autostart differ, and nobody notices.
     */
    json_t *(*network_prepare)(FctVmm *vmm, const FctNetwork *wanted, gboolean redefine, GError **error);
    /*
     * Its definition and autostart are as they shall be; @back: as they were. FCT_ERROR_CONFLICT when somebody else
     * has changed it meanwhile. After FCT_ERROR_TIMEOUT the call may still be at it, here and below.
     */
    gboolean (*network_define)(FctVmm *vmm, const json_t *change, gboolean back, GError **error);
    /* It runs by that, if it ran before. VMs in it lose their link. */
    gboolean (*network_restart)(FctVmm *vmm, const json_t *change, gboolean back, GError **error);
    /* The VMs, as "guests", that run with a NIC that is not plugged in where the network is now. */
    json_t *(*network_unplugged)(FctVmm *vmm, const json_t *change, GError **error);
    /* Plugs in those of one VM, with the link that they had; gone is success. */
    gboolean (*network_replug)(FctVmm *vmm, const json_t *change, const char *id, GError **error);
    /* Ours only; gone already is success. VMs that are attached to it lose their link. */
    gboolean (*network_delete)(FctVmm *vmm, const char *name, GError **error);
    /*
     * The VM, which runs or is paused, writes to @overlays (FctChainFile*, made already; one for each disk that is
     * frozen) from now on: all or none. @memory: the file to save its memory of @memory_mib to, during which it pauses
     * and tells
     * @progress; NULL. @freeze: the guest agent freezes file systems meanwhile; thaw() them afterwards, whatever comes
     * of it. After FCT_ERROR_TIMEOUT it may still happen: disk_paths tells.
     */
    gboolean (*snapshot)(FctVmm *vmm, const char *id, const GPtrArray *overlays, const char *memory, gint64 memory_mib,
                         gboolean freeze, FctVmmProgress progress, gpointer data, GError **error);
    /* Starts the VM, which is off, with that memory, on @overlays in the place of the files of then. */
    gboolean (*restore)(FctVmm *vmm, const char *id, const GPtrArray *overlays, const char *memory, gint64 memory_mib,
                        gboolean paused, GError **error);
    /* {"vda": path}: the files that its disks write to, or did when it went off. FCT_ERROR_TIMEOUT as with info. */
    json_t *(*disk_paths)(FctVmm *vmm, const char *id, GError **error);
    /*
     * Commits step->top into step->base; success when that is so already. @own: by the QEMU of the VM, which runs and
     * has these files; else by one that is started for it and ends with it. Broken off or cancelled, nothing but the
     * content of the base has changed, and it can be done again.
     */
    gboolean (*merge)(FctVmm *vmm, const char *id, const FctChainStep *step, gboolean own, FctVmmProgress progress,
                      gpointer data, GError **error);
    /* Ends a QEMU for merges that facetd left behind. */
    gboolean (*merge_end)(FctVmm *vmm, const char *id, GError **error);
    /* A connected socket (the caller closes it): serial bytes, or RFB without authentication. @force ends another
     * viewer. */
    int (*open_serial)(FctVmm *vmm, const char *id, gboolean force, GError **error);
    int (*open_graphics)(FctVmm *vmm, const char *id, GError **error);
    /* Object id → {"cpu_percent","memory_used_mib","memory_total_mib"}; unknown is null. Without the QEMU monitor. */
    json_t *(*stats)(FctVmm *vmm, GError **error);
    /*
     * What the guest's agent tells: {"hostname","os","kernel",
     * "interfaces":[{"name","mac","addresses":["10.0.0.5/24"]}],
     * "filesystems":[{"mountpoint","type","total_bytes","used_bytes"}]}; what it does not tell is null. It is the
     * guest's word: of bounded size and valid text, and no more than that. FCT_ERROR_CONFLICT without an agent that
     * answers.
     */
    json_t *(*guest)(FctVmm *vmm, const char *id, GError **error);
    /*
     * The guest's file systems write again, whether they were frozen or not; so do those of a VM that is off or gone.
     * FCT_ERROR_CONFLICT, FCT_ERROR_TIMEOUT … while its agent does not answer.
     */
    gboolean (*thaw)(FctVmm *vmm, const char *id, GError **error);
    /* One watcher; NULL ends it, and once this has returned it is called no more. Not from within its own calls. */
    void (*watch)(FctVmm *vmm, FctVmmChanged changed, FctVmmConnection connection, gpointer data);
    /* The same for networks: defined, started, stopped or gone, or libvirt itself came or went. */
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
