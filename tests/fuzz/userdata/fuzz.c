/* SPDX-License-Identifier: Apache-2.0 */
/* cloud-init's user-data as somebody sends it: a sentence that names a place in it, or none. */
#include "model/user_data.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_auto(FctUserDataFault) fault = {0};
    g_autofree char *text = g_strndup((const char *)data, size);
    gboolean good = fct_user_data_check(text, &fault);
    int lines = 2;
    for (const char *c = text; *c; c++)
        lines += *c == '\n' || *c == '\r' || (guint8)*c >= 0x80; /* YAML has line ends of its own in Unicode */
    g_assert_true(good == !fault.sentence);
    g_assert_cmpint(fault.line, <=, lines);
    return 0;
}
