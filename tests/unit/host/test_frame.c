/* SPDX-License-Identifier: Apache-2.0 */
#include "host/frame.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_in_pieces(void)
{
    FctFrames frames;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) first = json_pack("{s:i, s:s}", "id", 1, "verb", "hello"), second = json_object();
    g_autoptr(GBytes) one = fct_frame_encode(first, &error), two = fct_frame_encode(second, &error);
    g_autoptr(GByteArray) wire = g_byte_array_new();
    int seen = 0;
    g_byte_array_append(wire, g_bytes_get_data(one, NULL), (guint)g_bytes_get_size(one));
    g_byte_array_append(wire, g_bytes_get_data(two, NULL), (guint)g_bytes_get_size(two));
    fct_frames_init(&frames, FCT_FRAME_LIMIT);
    for (guint i = 0; i < wire->len; i++) {
        fct_frames_push(&frames, wire->data + i, 1);
        g_autoptr(json_t) frame = fct_frames_pop(&frames, &error);
        g_assert_no_error(error);
        if (frame)
            g_assert_true(json_equal(frame, seen++ ? second : first));
    }
    g_assert_cmpint(seen, ==, 2);
    fct_frames_clear(&frames);
}

static void refuses(const char *bytes, gsize length, FctErrorCode code)
{
    FctFrames frames;
    g_autoptr(GError) error = NULL;
    fct_frames_init(&frames, FCT_FRAME_LIMIT);
    fct_frames_push(&frames, bytes, length);
    g_assert_null(fct_frames_pop(&frames, &error));
    g_assert_error(error, FCT_ERROR, (int)code);
    fct_frames_clear(&frames);
}

static void test_malformed(void)
{
    refuses("\xff\xff\xff\xff", 4, FCT_ERROR_TOO_LARGE);
    refuses("\x01\0\0\x01", 4, FCT_ERROR_TOO_LARGE); /* one over the limit, before its bytes come */
    refuses("\0\0\0\0", 4, FCT_ERROR_BAD_REQUEST);
    refuses("\x02\0\0\0[]", 6, FCT_ERROR_BAD_REQUEST);
    refuses("\x03\0\0\0{\"\xff", 7, FCT_ERROR_BAD_REQUEST);
}

static void test_blocking(void)
{
    int pair[2];
    FctFrames frames;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) sent = json_pack("{s:s}", "verb", "watch");
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    fct_frames_init(&frames, FCT_FRAME_LIMIT);
    g_assert_null(fct_frame_receive(pair[1], &frames, g_get_monotonic_time() + 10000, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_TIMEOUT);
    g_clear_error(&error);
    g_assert_true(fct_frame_send(pair[0], sent, 0, &error));
    g_autoptr(json_t) got = fct_frame_receive(pair[1], &frames, 0, &error);
    g_assert_true(json_equal(got, sent));
    close(pair[0]);
    g_assert_null(fct_frame_receive(pair[1], &frames, 0, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_HELPER);
    g_clear_error(&error);
    g_assert_false(fct_frame_send(pair[1], sent, 0, &error));
    g_assert_error(error, FCT_ERROR, FCT_ERROR_HELPER);
    fct_frames_clear(&frames);
    close(pair[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame/in-pieces", test_in_pieces);
    g_test_add_func("/frame/malformed", test_malformed);
    g_test_add_func("/frame/blocking", test_blocking);
    return g_test_run();
}
