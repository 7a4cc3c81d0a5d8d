/* SPDX-License-Identifier: Apache-2.0 */
/* What a block lets go of at its end (base/scope.h). */
#include "base/scope.h"

#include <fcntl.h>

static gboolean is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static int opened(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    return fd;
}

static void test_closed_at_the_end(void)
{
    int number;
    {
        fct_autoclose int fd = opened();
        number = fd;
        g_assert_true(is_open(number));
    }
    g_assert_false(is_open(number));
}

static int leave_early(int *ret_number, gboolean early)
{
    fct_autoclose int fd = opened();
    *ret_number = fd;
    if (early)
        return -1;
    return fct_keep_open(&fd);
}

static void test_early_return(void)
{
    int number;
    g_assert_cmpint(leave_early(&number, TRUE), ==, -1);
    g_assert_false(is_open(number));
}

static void test_kept_open(void)
{
    int number, fd = leave_early(&number, FALSE);
    g_assert_cmpint(fd, ==, number);
    g_assert_true(is_open(fd));
    fct_close(&fd);
    g_assert_cmpint(fd, ==, -1);
    g_assert_false(is_open(number));
}

static void test_none_keeps_errno(void)
{
    errno = ENOENT;
    {
        fct_autoclose int fd = -1;
        (void)fd;
    }
    int fd = opened();
    errno = EACCES;
    fct_close(&fd);
    g_assert_cmpint(errno, ==, EACCES);
}

static void test_lock(void)
{
    GMutex mutex;
    g_mutex_init(&mutex);
    {
        fct_autolock(&mutex);
        g_assert_false(g_mutex_trylock(&mutex));
    }
    g_assert_true(g_mutex_trylock(&mutex));
    g_mutex_unlock(&mutex);
    g_mutex_clear(&mutex);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/scope/closed-at-the-end", test_closed_at_the_end);
    g_test_add_func("/base/scope/early-return", test_early_return);
    g_test_add_func("/base/scope/kept-open", test_kept_open);
    g_test_add_func("/base/scope/none-keeps-errno", test_none_keeps_errno);
    g_test_add_func("/base/scope/lock", test_lock);
    return g_test_run();
}
