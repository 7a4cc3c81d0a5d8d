/* SPDX-License-Identifier: Apache-2.0 */
/* What a disk's bytes name as the file that it stands on, read as QEMU reads it. Pure. */
#pragma once
#include "base/json.h"

/*
 * Appends the files of this host that @name leads to, spelled as absolute paths: it is a path (relative to @folder),
 * "file:…" or "json:{…}". What is on a server is none. FALSE: what it leads to cannot be told.
 */
gboolean fct_backing_files(const char *name, const char *folder, GPtrArray *paths);
