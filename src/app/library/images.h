/* SPDX-License-Identifier: Apache-2.0 */
/* Images that VMs are made from: NAME.json in the images folder describes the file beside it. Read anew on each call.
 */
#pragma once
#include "model/image.h"

/* FctImage*, by name. Descriptions that are wrong are left out, with a warning in the log. */
GPtrArray *fct_images_list(const char *folder);
/* FCT_ERROR_BAD_REQUEST naming the field "image" when there is none of that id. */
FctImage *fct_images_find(const char *folder, const char *id, GError **error);
