/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The host half of a simulated host: PCI functions, drivers and IOMMU groups, and the tree that shows them.
 *
 * What a card is and what NVML shares with us (driver, VFs, lost, removed, users) lives in state.bin, model/state.h;
 * the rest (overrides, reset methods, bindings of other devices) lives here and starts anew with each boot.
 * Threading: all of it runs in the thread of the server's loop.
 */
#include "fs/node.h"
#include "fs/server.h"
#include "model/host.h"
#include "model/ops.h"
#include "model/state.h"

typedef struct FsimWorld FsimWorld;
typedef struct FsimDriver FsimDriver;
typedef struct FsimFunction FsimFunction;

/* A PCI driver: which functions it takes by itself, and what it can do. */
struct FsimDriver {
    FsimWorld *world;
    char *name;
    FsimNode *dir;   /* /sys/bus/pci/drivers/NAME */
    GArray *new_ids; /* of guint: vendor << 16 | device */
};

/* One function of a PCI slot, a VF included. */
struct FsimFunction {
    FsimWorld *world;
    char bdf[16];
    guint domain, bus, slot, function;
    const FsimPciDevice *pci; /* description; for a VF that of its PF */
    FsimFunction *pf;         /* of a VF */
    guint vf;                 /* number of the VF under its PF */
    int gpu;                  /* index in the state for function 0 of a card, else -1 */
    int group;
    gboolean present;   /* in the tree */
    gboolean lost;      /* answers all ones */
    gboolean wedged;    /* its driver's remove callback never returns: the device lock is held until the next boot */
    gboolean releasing; /* the device lock is held while vfio-pci waits for the group to be closed */
    FsimDriver *driver;
    char *override; /* driver_override, NULL for none */
    char *reset_methods;
    gboolean runtime_pm, d3cold;
    guint enabled, vfs;
    gboolean vfs_probe; /* sriov_drivers_autoprobe */
    int numa;
    guint irq;
    guint64 bar[FSIM_MAX_BARS]; /* addresses */
    guint64 vf_bar[FSIM_MAX_BARS];
    guint8 config[4096];
    FsimNode *dir; /* /sys/devices/pci…, NULL while absent */
};

struct FsimWorld {
    char *sim;       /* $SIM */
    char *root_path; /* $SIM/root */
    FsimHost *host;
    FsimState state;
    FsimBody *body; /* as of `generation` */
    guint64 generation;
    gboolean syncing;
    guint64 uevents;
    gboolean drivers_autoprobe;
    gboolean rescan_locked; /* a hung `remove` holds the lock of all hot-plug */
    gint64 started;         /* µs, monotonic: for uptime */
    FsimNode *root, *sys, *proc, *dev;
    GPtrArray *functions; /* FsimFunction, by address; VFs included */
    GHashTable *drivers;  /* name -> FsimDriver */
    guint64 next_bar32, next_bar64;
    int next_group;
    GString *kernel_log; /* what the kernel said since boot, in the form of /dev/kmsg */
    guint64 log_number, events_told;
    FsimServer *server; /* NULL in tests of the tree alone */
};

/* ---- world.c ---- */
FsimWorld *fsim_world_new(const char *sim, GError **error);
void fsim_world_free(FsimWorld *world);
/* Takes over what changed in state.bin. Cheap when nothing did. */
void fsim_world_sync(FsimWorld *world);
/* Something changed that a real kernel would send a uevent for. */
void fsim_world_event(FsimWorld *world);
FsimFault fsim_world_fault(FsimWorld *world, const char *path, const char *text);

/* ---- pci.c: the functions and their place in the tree ---- */
void fsim_pci_build(FsimWorld *world);
void fsim_pci_clear(FsimWorld *world);
FsimFunction *fsim_pci_find(FsimWorld *world, const char *bdf);
/* Puts a function in the tree, or takes it and all that is behind it out. */
void fsim_pci_add(FsimFunction *fn);
void fsim_pci_remove(FsimFunction *fn);
FsimFunction *fsim_pci_new_vf(FsimFunction *pf, guint number);
void fsim_pci_free_vf(FsimFunction *vf);
/* Finds again what `remove` took out below `parent` (NULL: everywhere); lost cards stay away. */
void fsim_pci_rescan(FsimWorld *world, FsimFunction *parent);
gboolean fsim_pci_is_bridge(const FsimFunction *fn);
/* The bridge above, or NULL on a root bus. */
FsimFunction *fsim_pci_parent(const FsimFunction *fn);
/* Reads at most `size` bytes of configuration space. A lost function gives all ones. */
void fsim_pci_config(FsimFunction *fn, GString *out);

/* ---- config_space.c ---- */
/* Fills fn->config from the description and the addresses of the BARs. */
void fsim_config_build(FsimFunction *fn);
/* A write to the registers that a driver may write. */
void fsim_config_write(FsimFunction *fn, const guint8 *bytes, gsize length, goffset offset);
gsize fsim_config_size(const FsimFunction *fn);

/* ---- attributes.c: the files of a function ---- */
void fsim_attributes_add(FsimFunction *fn);

/* ---- drivers.c ---- */
void fsim_drivers_build(FsimWorld *world);
FsimDriver *fsim_driver_get(FsimWorld *world, const char *name);
gboolean fsim_driver_matches(const FsimDriver *driver, const FsimFunction *fn);
/* Binds to the first driver that matches, if the function has none. 0 or an errno. */
int fsim_driver_probe(FsimFunction *fn);
/* 0, an errno, or FSIM_WAIT while the driver does not let go. */
int fsim_driver_release(FsimFunction *fn);
/* Whether writes that take the device lock have to wait. */
gboolean fsim_driver_locked(const FsimFunction *fn);
/* Sets or clears the binding and all that hangs on it, without asking anybody. */
void fsim_driver_set(FsimFunction *fn, FsimDriver *driver);
/* Parses a bus address as the kernel does: with or without a newline at the end. */
FsimFunction *fsim_drivers_parse(FsimWorld *world, const char *text);

/* ---- sriov.c ---- */
/* 0, an errno or FSIM_WAIT. */
int fsim_sriov_set(FsimFunction *pf, guint count);
void fsim_sriov_clear(FsimFunction *pf);

/* ---- iommu.c ---- */
void fsim_iommu_build(FsimWorld *world);
void fsim_iommu_join(FsimFunction *fn);
void fsim_iommu_leave(FsimFunction *fn);
/* The node /dev/vfio/GROUP follows the drivers of the group's members. */
void fsim_iommu_update(FsimWorld *world, int group);
gboolean fsim_iommu_group_open(FsimWorld *world, int group);

/* ---- classes.c: what drivers hang under a device: drm, net, disks ---- */
void fsim_classes_bind(FsimFunction *fn);
void fsim_classes_unbind(FsimFunction *fn);

/* ---- system.c, procfs.c, devfs.c, kmsg.c ---- */
void fsim_system_build(FsimWorld *world);
void fsim_proc_build(FsimWorld *world);
void fsim_dev_build(FsimWorld *world);
/* proc_load.c: /proc/stat and /proc/meminfo so many seconds after boot. */
void fsim_print_stat(const FsimHost *host, double seconds, GString *out);
void fsim_print_meminfo(const FsimHost *host, double seconds, GString *out);
/* /dev/nvidiaN and /proc/driver/nvidia follow the driver of a card. */
void fsim_nvidia_update(FsimFunction *fn);
/* proc_view.c: a whole /proc for facet-sim exec. */
void fsim_proc_view_build(FsimWorld *world);
/* kmsg.c: the kernel's log of this boot. */
void fsim_kmsg_build(FsimWorld *world);
void fsim_kmsg_boot(FsimWorld *world);
void fsim_kmsg_say(FsimWorld *world, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The lines of the events that came since it was asked last. */
void fsim_kmsg_follow(FsimWorld *world);
/* Whether somebody holds the node /dev/nvidiaN of the tree open. */
gboolean fsim_nvidia_open(const FsimFunction *fn);
/* "0-3,8" as a list of CPUs; returns a bitmap's hex words as sysfs prints them. */
char *fsim_cpu_mask(const FsimHost *host, const GArray *cpus);
GArray *fsim_cpu_list(const char *text);
