/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libc's time of day. For each of these it looks at TZ again, frees what it knew of the zone and keeps a copy of the
 * new one, under a lock of its own that is a futex: TSan sees the memory go from thread to thread, and not the lock.
 */
#include "shim.h"

#include <pthread.h>
#include <time.h>

static pthread_mutex_t zone = PTHREAD_MUTEX_INITIALIZER;

#define UNDER_LOCK(call)                                                                                               \
    ({                                                                                                                 \
        pthread_mutex_lock(&zone);                                                                                     \
        __typeof__(call) result = call;                                                                                \
        pthread_mutex_unlock(&zone);                                                                                   \
        result;                                                                                                        \
    })

void(tzset)(void)
{
    pthread_mutex_lock(&zone);
    REAL(tzset)();
    pthread_mutex_unlock(&zone);
}

struct tm *(localtime_r)(const time_t *when, struct tm *ret)
{
    return UNDER_LOCK(REAL(localtime_r)(when, ret));
}

time_t(mktime)(struct tm *when)
{
    return UNDER_LOCK(REAL(mktime)(when));
}

size_t(strftime)(char *text, size_t size, const char *format, const struct tm *when)
{
    return UNDER_LOCK(REAL(strftime)(text, size, format, when));
}
