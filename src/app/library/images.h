/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images from which VMs are made: NAME.json in the images folder describes the file beside it. Each call reads the
 * folder again; any thread but the main one.
 */
#pragma once
#include "model/image.h"

/* FctImage*, by name. A wrong description is left out and logged. */
GPtrArray *fct_images_list(const char *folder);
/* The image of that id; FCT_ERROR_BAD_REQUEST naming the field "image" when there is none. */
FctImage *fct_images_find(const char *folder, const char *id, GError **error);
