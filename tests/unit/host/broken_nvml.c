/* SPDX-License-Identifier: Apache-2.0 */
/* A library that has almost nothing of NVML: it refuses to start with the code of $BROKEN_NVML. */
#include <stdlib.h>

int nvmlInit_v2(void);
int nvmlShutdown(void);

int nvmlInit_v2(void)
{
    const char *code = getenv("BROKEN_NVML");
    return code ? atoi(code) : 0;
}

int nvmlShutdown(void)
{
    return 0;
}
