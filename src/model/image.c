/* SPDX-License-Identifier: Apache-2.0 */
#include "model/image.h"

void fct_image_free(FctImage *image)
{
    if (!image)
        return;
    g_free(image->id);
    g_free(image->name);
    g_free(image->path);
    g_free(image->format);
    g_free(image->note);
    g_free(image);
}
