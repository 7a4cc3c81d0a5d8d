/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The description of a simulated host: a JSON file that a user can write (sim/README.md lists every field), with the
 * cards it names looked up in the catalogue.
 *
 * A loaded description is complete: every bridge, function, BAR and IOMMU group is there, so that the FUSE half only
 * has to print it. `fsim_host_save` writes it with the catalogue cards inlined ($SIM/host.json); loading that file
 * needs no catalogue.
 *
 * Errors are FSIM_ERROR, and their message names the file and the field: `lab.json: devices[2].wiring: must be "I" or
 * "S", not "X"`.
 */
#pragma once

#include "model/card.h"
#include "model/state.h"

#include <glib.h>

#define FSIM_ERROR (fsim_error_quark())
GQuark fsim_error_quark(void);
typedef enum FsimError { FSIM_ERROR_FILE, FSIM_ERROR_FIELD, FSIM_ERROR_STATE, FSIM_ERROR_USAGE } FsimError;

typedef enum FsimRole {
    FSIM_ROLE_OTHER,     /* NIC, SATA, … and NVSwitch */
    FSIM_ROLE_BRIDGE,    /* root port or bridge */
    FSIM_ROLE_GPU,       /* function 0 of a card */
    FSIM_ROLE_COMPANION, /* other function of a card */
} FsimRole;

typedef struct FsimPciDevice {
    FsimRole role;
    int gpu;          /* index of the GPU (also in FsimFixed and FsimBody) for GPU and COMPANION, else -1 */
    char address[16]; /* "0000:3b:00.0" */
    guint domain, bus, slot, function;
    guint vendor, device, subvendor, subdevice;
    guint pci_class; /* 24 bits: 0x030200 */
    guint revision;
    int numa;               /* -1: not known */
    int group;              /* IOMMU group, -1 with the IOMMU off */
    char port[16];          /* address of the bridge above; empty: on the root bus */
    guint secondary_bus;    /* BRIDGE: the bus below it */
    char driver[32];        /* bound at boot; empty: none */
    char reset_methods[32]; /* empty: cannot be reset */
    gboolean boot_vga;
    guint pcie_gen, pcie_width; /* best of the device; 0: not PCIe */
    guint vfs, vf_device, vf_offset, vf_stride;
    guint n_bars;
    FsimBar bars[FSIM_MAX_BARS];
    char label[64]; /* for people: "Ethernet", "NVSwitch 0" */
    char net[16];   /* network interface under the device; the first one has the default route */
    char disk[16];  /* disk under the device: "sda", "nvme0n1"; the first one holds the root file system */
} FsimPciDevice;

typedef struct FsimNumaNode {
    char cpus[128]; /* "0-15,32-47" */
    guint64 memory_mib;
} FsimNumaNode;

typedef enum FsimIommu { FSIM_IOMMU_OFF, FSIM_IOMMU_INTEL, FSIM_IOMMU_AMD } FsimIommu;

typedef struct FsimHost {
    char *file; /* where it was read from, for messages */
    char *name, *title;
    char *dmi_vendor, *dmi_product;
    char *cpu_model;
    guint cpus;
    guint64 memory_mib;
    guint n_numa;
    FsimNumaNode numa[8];
    char *kernel;         /* "6.1.0-37-amd64" */
    char *driver_version; /* "550.163.01" */
    guint driver_branch;  /* 550 */
    FsimIommu iommu;
    gboolean interrupt_remapping;
    guint64 seed;
    GArray *devices; /* FsimPciDevice, by address */
    GArray *gpus;    /* FsimGpuFixed, by address */
    void *json;      /* json_t: the description with its cards inlined */
} FsimHost;

/* `catalogue`: folder of card files; NULL if the file has its cards inlined. */
FsimHost *fsim_host_load(const char *file, const char *catalogue, GError **error);
void fsim_host_free(FsimHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FsimHost, fsim_host_free)
gboolean fsim_host_save(const FsimHost *host, const char *file, GError **error);

/* One card of the catalogue. */
gboolean fsim_card_load(const char *catalogue, const char *id, FsimCard *card, GError **error);

/* Makes $SIM: host.json, state.bin and lib/ with both names of the NVML library linked to `library`. */
gboolean fsim_host_create(const FsimHost *host, const char *sim_dir, const char *library, GError **error);
/* Opens the parts of an existing $SIM; `host` may be NULL when only the state is wanted. */
gboolean fsim_host_open(const char *sim_dir, FsimHost **host, FsimState *st, GError **error);

/* The device at an address, or NULL. */
const FsimPciDevice *fsim_host_find(const FsimHost *host, const char *address);
