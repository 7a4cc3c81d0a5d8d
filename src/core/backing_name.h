/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a disk's bytes name as its backing file, read as QEMU reads them. Pure. */
#pragma once
#include "base/json.h"

/*
 * Appends the files of this host to which @name leads, as absolute paths. @name is a path (relative to @folder),
 * "file:…" or "json:{…}"; files on servers are left out. FALSE: it cannot be told where it leads.
 */
gboolean fct_backing_files(const char *name, const char *folder, GPtrArray *paths);
