/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of card is: fixed data of one catalogue entry, as plain bytes.
 *
 * These structs are copied as they are into state.bin, so that the NVML library answers without parsing any file:
 * no pointers, fixed sizes. Memory is in MiB, power in mW, clocks in MHz, temperatures in degrees Celsius.
 * Facts come from reference/nvidia/mig-profiles.csv, NVIDIA's open kernel modules (PCI ids) and the boards' product
 * briefs; an entry of the catalogue says in its "note" which figures are estimates.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    FSIM_MAX_GI_PROFILES = 20,
    FSIM_MAX_CI_PROFILES = 8,
    FSIM_MAX_STARTS = 12,
    FSIM_MAX_BARS = 6,
    FSIM_MAX_COMPANIONS = 4,
};

typedef enum FsimArch { /* the values are NVML's */
                        FSIM_ARCH_TURING = 6,
                        FSIM_ARCH_AMPERE = 7,
                        FSIM_ARCH_ADA = 8,
                        FSIM_ARCH_HOPPER = 9,
                        FSIM_ARCH_BLACKWELL = 10,
} FsimArch;

/* Media engines and copy engines; of a whole card or of one instance. */
typedef struct FsimEngines {
    uint32_t copy, decoder, encoder, jpeg, ofa;
} FsimEngines;

typedef struct FsimCiProfile {
    uint32_t id; /* equals NVML's compute instance profile enum */
    uint32_t slices, max, sms;
    char name[32];
} FsimCiProfile;

typedef struct FsimGiProfile {
    uint32_t id;    /* the profile id: 19, 14, 9 … */
    uint32_t value; /* NVML's profile enum: 0, 1, 2 … */
    char name[32];
    uint32_t slices; /* compute slices */
    uint32_t memory_mib, sms, max;
    FsimEngines engines;
    uint32_t size; /* memory units per instance */
    uint32_t n_starts, starts[FSIM_MAX_STARTS];
    uint32_t graphics; /* 1 for +gfx */
    uint32_t n_ci;
    FsimCiProfile ci[FSIM_MAX_CI_PROFILES];
} FsimGiProfile;

typedef struct FsimMigCaps {
    uint32_t supported;
    uint32_t slices, units; /* compute slices and memory units of the whole card */
    uint32_t max_devices;
    uint32_t needs_reset;     /* Ampere: a mode change resets the card, so nothing may hold it */
    uint32_t survives_reboot; /* Ampere: the mode is a bit in the InfoROM */
    FsimEngines engines;      /* of the full instance: what all instances share */
    uint32_t n_profiles;
    FsimGiProfile profiles[FSIM_MAX_GI_PROFILES];
} FsimMigCaps;

typedef struct FsimBar {
    uint32_t index; /* 0 to 5 */
    uint32_t is64, prefetch, io;
    uint64_t size; /* bytes, a power of two */
} FsimBar;

/* Another function of the same slot: the audio device, the USB controllers of a consumer board. */
typedef struct FsimCompanion {
    uint32_t function;
    uint32_t vendor, device, pci_class;
    char driver[32]; /* bound at boot; empty for none */
} FsimCompanion;

typedef struct FsimCard {
    char id[64];   /* the catalogue's name: file name without .json */
    char name[96]; /* as NVML prints it */
    char chip[16];
    uint32_t arch; /* FsimArch */
    uint32_t brand;
    uint32_t cc_major, cc_minor;
    uint32_t cores;
    uint32_t vendor, device, subvendor, subdevice, pci_class, revision;
    uint32_t n_bars;
    FsimBar bars[FSIM_MAX_BARS];
    uint32_t pcie_gen, pcie_width;
    uint32_t memory_mib, reserved_mib, memory_bus_bits;
    uint32_t power_idle, power_default, power_min, power_max; /* mW */
    uint32_t clock_idle, clock_base, clock_max, clock_memory, clock_memory_idle, clock_video;
    uint32_t temp_idle, temp_busy, temp_slowdown, temp_shutdown, temp_max, temp_memory_max;
    uint32_t fans; /* 0: cooled by the chassis */
    uint32_t ecc;  /* 1: has ECC, on by default */
    uint32_t nvlinks, nvlink_version;
    uint32_t vfs, vf_device, vf_offset, vf_stride; /* SR-IOV; 0 VFs for none */
    char reset_methods[32];                        /* as in sysfs reset_method: "flr bus" */
    uint32_t n_companions;
    FsimCompanion companions[FSIM_MAX_COMPANIONS];
    FsimMigCaps mig;
} FsimCard;

/* NULL when the card has no such profile. */
const FsimGiProfile *fsim_card_profile(const FsimCard *card, uint32_t id);
