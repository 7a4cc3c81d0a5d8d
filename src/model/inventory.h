/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inventory: what a node has, as observed. Plain structs with one owner (the FctInventory), immutable once published,
 * so that any thread may read it. src/host makes it from sysfs and NVML; it travels as JSON over the helper's socket
 * and to the API. Units: memory in MiB, power in W, temperature in °C, clocks in MHz.
 *
 * Strings are never NULL; "" means that the hardware does not tell.
 */
#pragma once
#include "base/json.h"

/* A process that holds a card or an instance. */
typedef struct {
    int pid;
    char *name;            /* comm; "" when it cannot be read */
    FctReading memory_mib; /* some drivers do not tell */
} FctProcess;

typedef struct {
    int id; /* unique in its GPU instance */
    int profile_id;
    char *profile; /* "1c.3g.40gb"; the default one bears the GPU instance's name */
    int slices;
    int start;            /* in compute slices of the GPU instance */
    char *uuid;           /* MIG-…; "" when there is no MIG device (yet) */
    GPtrArray *processes; /* FctProcess* */
} FctComputeInstance;

typedef struct {
    int id; /* read from the card, never computed (mig-semantics §2) */
    int profile_id;
    char *profile; /* "3g.40gb" */
    int start;     /* memory units, read from the card */
    int size;
    FctReading memory_used_mib;
    FctReading memory_total_mib;
    GPtrArray *compute; /* FctComputeInstance*, by id */
} FctGpuInstance;

typedef struct {
    int id;
    char *name;
    int slices;
    int max_count;
    gboolean whole; /* takes the whole GPU instance: the default */
} FctCiProfile;

typedef struct {
    int id;           /* profile id: the argument of create, not the enum (mig-semantics: three numbering systems) */
    int enum_value;   /* NVML_GPU_INSTANCE_PROFILE_* */
    char *name;       /* as the driver prints it, without "MIG ": "1g.10gb+me" */
    char *attributes; /* "", "+me", "+gfx", "+me.all", "-me" */
    int compute_slices;
    int size; /* memory units of one instance */
    int memory_mib;
    int sm_count;
    int max_count;
    int remaining;                                   /* how many more the driver says it would create now; -1 unknown */
    int decoders, encoders, jpeg, ofa, copy_engines; /* -1 unknown */
    GArray *starts;                                  /* int: legal placement starts */
    GPtrArray *ci_profiles;                          /* FctCiProfile* */
} FctMigProfile;

typedef struct {
    gboolean capable;
    gboolean current;
    gboolean pending;            /* differs from current while a reset or reboot is due */
    gboolean mode_survives_boot; /* Ampere: yes. Hopper and later: no (mig-semantics §4) */
    gboolean mode_needs_reset;   /* Ampere: yes */
    int units;                   /* memory units: the largest start + size over all placements; 0 unknown */
    GPtrArray *profiles;         /* FctMigProfile*: read from the card, in the driver's order */
    GPtrArray *instances;        /* FctGpuInstance*, by start */
} FctMig;

typedef enum {
    FCT_GPU_OK,
    FCT_GPU_LOST,
    FCT_GPU_WEDGED,
    FCT_GPU_UNMANAGED,
    FCT_GPU_RELEASED /* somebody asked Facet to let go of it, for other programs */
} FctGpuState;
typedef enum { FCT_MODE_HOST, FCT_MODE_PASSTHROUGH, FCT_MODE_VGPU, FCT_MODE_MIG, FCT_MODE_MIG_VGPU } FctGpuMode;

/* One PCI function of a card's slot, or a member of its IOMMU group. */
typedef struct {
    char *address;       /* 0000:41:00.0 */
    char *class_code;    /* "030200" */
    char *vendor_device; /* "10de:20b5" */
    char *driver;        /* "" when none */
    char *label;         /* what a person calls it: "NVIDIA audio function" */
    gboolean same_slot;
    gboolean bridge;
} FctFunction;

/* Readings of one moment; each may be unknown. */
typedef struct {
    FctReading gpu_percent, memory_used_mib, memory_total_mib, power_w, power_limit_w, temperature_c, sm_clock_mhz;
    FctReading ecc_corrected, ecc_uncorrected;
    char *source;  /* "host", "guest" or "none" */
    char *why_not; /* why gpu_percent is unknown: "The driver gives no utilization while MIG is on (Ampere)."; "" */
} FctGpuReadings;

typedef struct {
    char *id;           /* "gpu-0000-41-00-0": names the slot; uuid and subsystem guard against a swapped card */
    char *address;      /* of the first function */
    int index;          /* "GPU 0" for people: numbered from 0 by address when the host starts, kept while it runs */
    char *name;         /* product: "NVIDIA A100 80GB PCIe" */
    char *architecture; /* "ampere", "ada", "hopper", "blackwell"; "" */
    char *vendor_device, *subsystem; /* "10de:20b5" */
    char *uuid;                      /* "" while NVML does not see the card */
    char *serial;
    char *driver;    /* of the first function: "nvidia", "vfio-pci"; "" */
    int numa_node;   /* -1 unknown */
    int iommu_group; /* -1 none */
    gboolean boot_vga;
    FctGpuState state;
    char *state_reason; /* a sentence; "" when ok */
    FctGpuMode mode;
    FctMig mig;
    FctGpuReadings readings;
    GPtrArray *functions;  /* FctFunction*: all of the slot and of the IOMMU group */
    GPtrArray *processes;  /* FctProcess*: holders of the card (processes of all instances included) */
    char *holders_unknown; /* why processes that are not listed may hold it; "" */
} FctGpu;

typedef struct {
    guint64 revision; /* rises with every change that a plan could depend on; readings do not count */
    char *node;       /* host name */
    char *boot_id;
    char *vendor, *product; /* DMI; says so when the host is simulated */
    char *kernel;
    char *cpu_model;
    int cpus;
    gint64 memory_mib;
    char *driver_version, *nvml_version; /* "" when NVML is not there */
    char *nvml_problem;                  /* why NVML is not there; "" */
    char *iommu;                         /* "intel", "amd", "off" */
    int nvswitches;                      /* vendor 10de, class 0680: neither GPUs nor bridges to ignore */
    GPtrArray *gpus;                     /* FctGpu*, by address; VFs (told by physfn) are not listed */
} FctInventory;

FctInventory *fct_inventory_new(void); /* all strings "", arrays empty, one reference */
FctInventory *fct_inventory_ref(FctInventory *inventory);
void fct_inventory_unref(FctInventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctInventory, fct_inventory_unref)

/* Makers of members: every string "", every reading unknown, every id -1. The array they are added to owns them. */
FctGpu *fct_gpu_new(void);
FctGpuInstance *fct_gpu_instance_new(void);
FctComputeInstance *fct_compute_instance_new(void);
FctMigProfile *fct_mig_profile_new(void);
FctMigProfile *fct_mig_profile_copy(const FctMigProfile *profile);
void fct_mig_profile_free(FctMigProfile *profile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FctMigProfile, fct_mig_profile_free)
FctCiProfile *fct_ci_profile_new(void);
FctFunction *fct_function_new(void);
FctProcess *fct_process_new(void);

json_t *fct_inventory_to_json(const FctInventory *inventory);
FctInventory *fct_inventory_from_json(const json_t *json, GError **error);
json_t *fct_gpu_to_json(const FctGpu *gpu);
json_t *fct_gpu_readings_to_json(const FctGpuReadings *readings);

/*
 * A digest (hex) of everything in one card on which a plan depends: identity, driver, state, modes, profiles,
 * instances, holders; not the readings. To a planner, two observations with equal digests are the same.
 */
char *fct_gpu_digest(const FctGpu *gpu);

/* Lookup; NULL when not there. The result belongs to the inventory. */
FctGpu *fct_inventory_gpu(const FctInventory *inventory, const char *id);
/* By a name that people use: id, index ("0"), "GPU 0", PCI address (with or without domain), UUID, serial. */
FctGpu *fct_inventory_find_gpu(const FctInventory *inventory, const char *text);
FctMigProfile *fct_mig_profile(const FctMig *mig, int profile_id);
FctMigProfile *fct_mig_profile_by_name(const FctMig *mig, const char *name);
FctGpuInstance *fct_mig_instance_at(const FctMig *mig, int start);
/* TRUE when a process runs on one of its compute instances. What VMs hold is known elsewhere. */
gboolean fct_gpu_instance_has_process(const FctGpuInstance *instance);

/* The compute instance profile @id of a GPU instance profile; NULL when the card lists none. */
const FctCiProfile *fct_mig_ci_profile(const FctMigProfile *profile, int id);
/* TRUE when one compute instance takes all its compute: only then is it what its profile's name says. */
gboolean fct_gpu_instance_is_whole(const FctMig *mig, const FctGpuInstance *instance);

const char *fct_gpu_state_name(FctGpuState state); /* "ok" "lost" "wedged" "unmanaged" "released" */
const char *fct_gpu_mode_name(FctGpuMode mode);    /* "host" "passthrough" "vgpu" "mig" "mig-vgpu" */
