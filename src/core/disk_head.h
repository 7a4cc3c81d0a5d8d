/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file is, judged by its bytes: the first FCT_DISK_HEAD_BYTES and the last FCT_DISK_TAIL_BYTES. Its name and
 * what others say about it do not count. The bytes are a stranger's: nothing outside the two buffers is read, and the
 * cost is that of one pass over them. What QEMU would take for another format is never called raw here. Pure.
 */
#pragma once
#include <glib.h>

#define FCT_DISK_HEAD_BYTES 65536 /* enough for every format, the mark of an ISO (at 32769) among them */
#define FCT_DISK_TAIL_BYTES 1024  /* the foot of a fixed VHD or of a DMG */

typedef enum {
    FCT_DISK_EMPTY, /* no byte at all */
    FCT_DISK_RAW,   /* bytes without any known mark: a raw disk, as far as anybody can tell */
    FCT_DISK_PARTITIONED,
    FCT_DISK_ISO,
    FCT_DISK_QCOW2, /* versions 2 and up */
    FCT_DISK_QCOW1,
    FCT_DISK_QED,
    FCT_DISK_VMDK,
    FCT_DISK_VMDK_TEXT, /* only the description; the data is in other files */
    FCT_DISK_VDI,
    FCT_DISK_VHDX,
    FCT_DISK_VPC,
    FCT_DISK_PARALLELS,
    FCT_DISK_COW,
    FCT_DISK_BOCHS,
    FCT_DISK_CLOOP,
    FCT_DISK_DMG,
    FCT_DISK_LUKS,
    FCT_DISK_XZ,
    FCT_DISK_GZIP,
    FCT_DISK_BZIP2,
    FCT_DISK_ZSTD,
    FCT_DISK_LZ4,
    FCT_DISK_LZIP,
    FCT_DISK_LZOP,
    FCT_DISK_LZMA,
    FCT_DISK_LRZIP,
    FCT_DISK_COMPRESS,
    FCT_DISK_ZIP,
    FCT_DISK_SEVEN_ZIP,
    FCT_DISK_RAR,
    FCT_DISK_TAR,
    FCT_DISK_OVA, /* a tar that begins with an OVF description */
    FCT_DISK_CPIO,
    FCT_DISK_WIM,
    FCT_DISK_CAB,
    FCT_DISK_XAR,
    FCT_DISK_VMA,
    FCT_DISK_PACKAGE, /* deb, rpm */
    FCT_DISK_TEXT,
    FCT_DISK_HTML,
    FCT_DISK_PROGRAM,
    FCT_DISK_DOCUMENT, /* PDF, pictures */
    FCT_DISK_MEDIA,
    FCT_DISK_DATABASE,
    FCT_DISK_ANDROID,  /* a kernel with its first file system, or a sparse image */
    FCT_DISK_SQUASHFS, /* nothing boots from it; people who want it as a disk say so */
    FCT_DISK_KINDS
} FctDiskKind;

/* What can be done with a file of a kind. */
typedef enum {
    FCT_DISK_IS_NOTHING, /* empty, a web page, a program: no disk */
    FCT_DISK_IS_DISK,    /* raw bytes or qcow2 */
    FCT_DISK_IS_MEDIUM,  /* an ISO */
    FCT_DISK_IS_FOREIGN, /* a disk in a format of another hypervisor: convert it */
    FCT_DISK_IS_PACKED,  /* one compressed file: unpack it */
    FCT_DISK_IS_ARCHIVE  /* several files in one */
} FctDiskClass;

typedef enum { FCT_QCOW2_CLEAR, FCT_QCOW2_AES, FCT_QCOW2_LUKS, FCT_QCOW2_CRYPT_UNKNOWN } FctQcow2Crypt;

/* Incompatible features of a qcow2 (docs/interop/qcow2 of QEMU). */
#define FCT_QCOW2_DIRTY 1u
#define FCT_QCOW2_CORRUPT 2u
#define FCT_QCOW2_DATA_FILE 4u
#define FCT_QCOW2_COMPRESSION 8u
#define FCT_QCOW2_EXTENDED_L2 16u

typedef struct {
    FctDiskKind kind;
    int version;          /* members from here on: of a qcow2 or qcow1, unless said otherwise */
    gint64 virtual_bytes; /* as a guest sees it; -1 not said */
    gboolean backing;     /* it stands on another file; for every disk format that QEMU converts */
    gboolean data_file;   /* its data is in another file */
    FctQcow2Crypt crypt;
    guint64 incompatible; /* FCT_QCOW2_…, and unknown bits */
    guint32 snapshots;    /* inside of it */
    const char *fault;    /* what is wrong in the header, for people ("its cluster size is impossible"); NULL */
    /* any kind: the least true length, when the file says that it is longer than @size; 0: it does not */
    gint64 needs_bytes;
    gboolean gpt, mbr; /* a partition table, whatever the kind */
} FctDiskHead;

typedef struct {
    const guint8 *head; /* the first MIN(size, FCT_DISK_HEAD_BYTES) bytes; with fewer, less is found */
    gsize head_length;
    const guint8 *tail; /* the last bytes; NULL with length 0: not there yet */
    gsize tail_length;
    gint64 size; /* of the whole */
} FctDiskBytes;

void fct_disk_head_read(const FctDiskBytes *bytes, FctDiskHead *ret);

FctDiskClass fct_disk_class(FctDiskKind kind);
/* For people, with its article: "a VMware disk (VMDK)". */
const char *fct_disk_kind_text(FctDiskKind kind);
/* QEMU's and libvirt's name of a disk's format: "raw", "qcow2", "vmdk"; NULL: none, it is no disk. */
const char *fct_disk_kind_format(FctDiskKind kind);
