/* SPDX-License-Identifier: Apache-2.0 */
/* port/media.h by libisofs. libisofs is GPL-2.0-or-later: it is linked into facetd, and no other file names it. */
#pragma once
#include "port/media.h"

/* Never fails: a libisofs that cannot be set up gives an error when an image is asked for. */
FctMedia *fct_media_isofs_new(void);
