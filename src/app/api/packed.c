/* SPDX-License-Identifier: Apache-2.0 */
#include "app/api/packed.h"

FctPacked *fct_packed_new(GBytes *bytes, gboolean text)
{
    FctPacked *packed = g_new0(FctPacked, 1);
    g_autofree char *digest = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
    *packed = (FctPacked){
        .etag = g_strdup_printf("\"%.32s\"", digest), .plain = bytes, .text = text, .once = (GOnce)G_ONCE_INIT};
    return packed;
}

void fct_packed_free(FctPacked *packed)
{
    if (!packed)
        return;
    g_free(packed->etag);
    g_bytes_unref(packed->plain);
    g_clear_pointer(&packed->gzip, g_bytes_unref);
    g_free(packed);
}

static gpointer compress(gpointer data)
{
    FctPacked *packed = data;
    g_autoptr(GConverter) gzip = G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 6));
    g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable();
    g_autoptr(GOutputStream) stream = g_converter_output_stream_new(memory, gzip);
    gsize length;
    const void *plain = g_bytes_get_data(packed->plain, &length);
    if (!g_output_stream_write_all(stream, plain, length, NULL, NULL, NULL) ||
        !g_output_stream_close(stream, NULL, NULL))
        return NULL;
    g_autoptr(GBytes) small = g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(memory));
    if (g_bytes_get_size(small) < length)
        packed->gzip = g_steal_pointer(&small);
    return NULL;
}

GBytes *fct_packed_bytes(FctPacked *packed, gboolean gzip, gboolean *ret_compressed)
{
    gzip = gzip && packed->text;
    if (gzip)
        g_once(&packed->once, compress, packed);
    *ret_compressed = gzip && packed->gzip;
    return *ret_compressed ? packed->gzip : packed->plain;
}
