/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that a start of a VM needs of its host: what the VM asks for and a snapshot of facts in, verdicts out. The one
 * judgement behind the field of a form, "why can't it start", start, restart, revert, clone and the start with the
 * host, so that two of them cannot disagree. A fact that is not known says nothing: the start itself will tell. Pure.
 *
 * Codes (and the field of the input that they are about): libvirt-down not-ready running saved mark-lost
 * machine-missing name-taken (name); network-missing network-stopped bridge-missing bridge-down (nics); pool-missing
 * pool-stopped volume-missing backing-missing disk-incomplete disk-busy disk-damaged disk-refused disk-in-use
 * disk-encrypted disk-format disk-moved (disks); medium-missing medium-refused (cdroms); seed-missing;
 * memory-beyond-host memory-short (memory_mib); vcpus-beyond-machine vcpus-need-kvm vcpus-over-host (vcpus); no-uefi
 * no-secure-boot (uefi); no-tpm (tpm); firmware-missing secret-missing. Devices: see chooser.h.
 */
#pragma once
#include "model/network.h"
#include "model/plan.h"
#include "model/storage.h"

/* From here on the interrupt controllers that every VM has cannot name all vCPUs: see fct_domain_xml. */
#define FCT_VM_VCPUS_PLAIN 255

typedef enum { FCT_SEEN_UNKNOWN, FCT_SEEN_NO, FCT_SEEN_YES } FctSeen;

typedef enum { FCT_LINK_SEEN_GONE, FCT_LINK_SEEN_SET_DOWN, FCT_LINK_SEEN_THERE } FctLinkSeen;

/* Why QEMU would not open what is there. */
typedef enum {
    FCT_FILE_SOUND,    /* as far as anybody has seen */
    FCT_FILE_ODD,      /* neither a file nor a device with blocks: a folder */
    FCT_FILE_HEADLESS, /* to be a qcow2, and its first bytes are not: empty, overwritten */
    FCT_FILE_SPLIT,    /* a qcow2 that keeps its data in another file, of which nobody here knows */
    FCT_FILE_CORRUPT,  /* a qcow2 that QEMU marked so; it is not written to */
} FctFileFault;

/* A drive that has a disk or medium, with what was seen of it. Texts are borrowed and never NULL. */
typedef struct {
    const char *target, *pool, *volume, *path, *format;
    const char *file; /* of a cdrom: id in the file library */
    gboolean cdrom, seed;
    FctSeen there;       /* its file or device */
    gboolean busy;       /* not complete, though it is all there: a task copies or changes it */
    FctSeen complete;    /* no upload, copy or other work on it is under way */
    FctSeen encrypted;   /* by itself; Facet has no keys */
    const char *missing; /* path of a file below it that is gone; "" */
    FctFileFault fault;  /* of its file, or of one below it */
    const char *faulty;  /* the path of that */
    gboolean link;       /* its path is one */
    /* Why Facet would not open it, by its records of it and of all that it stands on, and what to do. "" */
    const char *refused, *refused_next;
    const char *user;       /* another VM that runs with it, or writes to a file below it; "" */
    const char *user_below; /* the path of that file; "": it itself */
    gboolean user_saved;    /* or goes on with it, with the memory that libvirt has saved */
    FctDeviceUse use;       /* a device that the host itself has in use */
    const char *use_where;
} FctVmNeedDrive;

/* A disk whose file another program has exchanged: what the guest wrote last is in @path, not in @known. */
typedef struct {
    const char *target;
    const char *known; /* by Facet's document */
    const char *path;  /* that libvirt opens */
    gboolean frozen;   /* a file that a snapshot keeps: the disk was merged into it */
} FctVmMoved;

typedef struct {
    const char *id, *name;
    const char *state; /* of its document: "creating", "ready", "deleting"; "" while it is only asked for */
    gboolean active;
    gboolean saved;     /* off, with its memory kept by libvirt */
    gboolean mark_lost; /* libvirt's definition does not say any more that it is Facet's */
    int vcpus;
    gint64 memory_mib;
    gboolean uefi, tpm, windows;
    /* Of an adopted one, "" else: firmware of its own, what its variables are first copied from, the key of its TPM. */
    const char *loader, *nvram_template, *secret;
    FctSeen loader_there, nvram_template_there; /* the template counts as there once the variables are */
    const char *nvram_folder;                   /* where they are to be copied to, and which is gone; "" */
    gboolean pinned;                            /* it has passed-through devices, which pin all of its memory */
    const GArray *drives;                       /* FctVmNeedDrive */
    const GArray *moved;                        /* FctVmMoved; NULL: none */
    const GPtrArray *networks;                  /* const char* */
} FctVmNeeds;

/* Of the host; a list that is NULL and a number that is -1 are not known. */
typedef struct {
    gboolean up;               /* libvirt answers */
    const GPtrArray *networks; /* FctNetwork* */
    GHashTable *links;         /* name of a network device → GINT FctLinkSeen; not in it: unknown; NULL */
    const GPtrArray *pools;    /* FctPool* */
    GHashTable *names;         /* name → id of every domain there is */
    gint64 memory_mib, memory_free_mib;
    gint64 memory_promised_mib; /* to VMs that run */
    int threads;                /* that the host can run at once */
    int vcpus_max;              /* of the machine type, by libvirt */
    GHashTable *secrets;        /* UUIDs of libvirt's secrets that have a value, as a set; NULL: not known */
    FctSeen kvm, machine, uefi, secure_boot, tpm;
} FctVmFacts;

/* Appends to @verdicts (FctVerdict*). */
void fct_vm_judge(const FctVmNeeds *needs, const FctVmFacts *facts, GPtrArray *verdicts);
/* Of these only what others did to the VM, on which everything stands that is done to its disks. */
void fct_vm_judge_outside(const FctVmNeeds *needs, GPtrArray *verdicts);
/* Only what other VMs that run, or are saved, do to its disks meanwhile: of the drives' facts just `user…` count. */
void fct_vm_judge_users(const FctVmNeeds *needs, GPtrArray *verdicts);
/* Of a snapshot with memory: whether the file at @path with it is there. Code: memory-file-missing. */
void fct_vm_judge_memory_file(const char *path, FctSeen there, GPtrArray *verdicts);
/* Whether no host state of a moment can make the verdict go away: such a VM is not even made. */
gboolean fct_vm_verdict_is_lasting(const FctVerdict *verdict);
/* The member of VmInput and VmPatch that a verdict is about; NULL: none in particular. */
const char *fct_vm_verdict_field(const FctVerdict *verdict);
