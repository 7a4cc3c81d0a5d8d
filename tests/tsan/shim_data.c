/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What GLib's and Jansson's containers read and write for us: see shim.h. Told only for calls that come from the
 * program itself; what GLib, libsoup and libvirt do with containers of their own is not ours to judge, and not all
 * their locks are seen. A container's own address stands for its contents.
 */
#include "shim.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

extern void __tsan_read1(void *address);
extern void __tsan_read8(void *address);
extern void __tsan_write1(void *address);
extern void __tsan_write8(void *address);
extern void __tsan_read_range(void *address, long size); /* as the compiler knows it */

ElfW(Addr) shim_program, shim_program_end;

static int note_program(struct dl_phdr_info *info, size_t size, void *data)
{
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X)) {
            shim_program = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            shim_program_end = shim_program + info->dlpi_phdr[i].p_memsz;
        }
    return 1; /* the first is the program itself */
}

__attribute__((constructor)) static void find_program(void)
{
    dl_iterate_phdr(note_program, NULL);
}

/* WRAP(what it does to its first argument, type, name, (parameters), (arguments)) */
#define WRAP(touch, type, name, parameters, arguments)                                                                 \
    type(name) parameters                                                                                              \
    {                                                                                                                  \
        if (FROM_PROGRAM)                                                                                              \
            touch;                                                                                                     \
        return REAL(name) arguments;                                                                                   \
    }

/* ---- GHashTable */

#define TABLE_READ __tsan_read1(table)
#define TABLE_WRITE __tsan_write1(table)
WRAP(TABLE_READ, gpointer, g_hash_table_lookup, (GHashTable * table, gconstpointer key), (table, key))
WRAP(TABLE_READ, gboolean, g_hash_table_contains, (GHashTable * table, gconstpointer key), (table, key))
WRAP(TABLE_READ, guint, g_hash_table_size, (GHashTable * table), (table))
WRAP(TABLE_READ, void, g_hash_table_iter_init, (GHashTableIter * iter, GHashTable *table), (iter, table))
WRAP(TABLE_WRITE, gboolean, g_hash_table_insert, (GHashTable * table, gpointer key, gpointer value),
     (table, key, value))
WRAP(TABLE_WRITE, gboolean, g_hash_table_replace, (GHashTable * table, gpointer key, gpointer value),
     (table, key, value))
WRAP(TABLE_WRITE, gboolean, g_hash_table_add, (GHashTable * table, gpointer key), (table, key))
WRAP(TABLE_WRITE, gboolean, g_hash_table_remove, (GHashTable * table, gconstpointer key), (table, key))
WRAP(TABLE_WRITE, gboolean, g_hash_table_steal, (GHashTable * table, gconstpointer key), (table, key))
WRAP(TABLE_WRITE, void, g_hash_table_remove_all, (GHashTable * table), (table))

/* ---- Arrays and queues: their fields are public and read in place, so these are what is written. */

#define FIELDS_WRITE(object, first, second) (__tsan_write8(&(object)->first), __tsan_write1(&(object)->second))
#define ARRAY_WRITE FIELDS_WRITE(array, pdata, len)
WRAP(ARRAY_WRITE, void, g_ptr_array_add, (GPtrArray * array, gpointer item), (array, item))
WRAP(ARRAY_WRITE, gboolean, g_ptr_array_remove, (GPtrArray * array, gpointer item), (array, item))
WRAP(ARRAY_WRITE, gpointer, g_ptr_array_remove_index, (GPtrArray * array, guint index), (array, index))
WRAP(ARRAY_WRITE, gpointer, g_ptr_array_steal_index, (GPtrArray * array, guint index), (array, index))
WRAP(ARRAY_WRITE, void, g_ptr_array_set_size, (GPtrArray * array, gint size), (array, size))
WRAP(ARRAY_WRITE, void, g_ptr_array_sort, (GPtrArray * array, GCompareFunc compare), (array, compare))

#define BYTES_WRITE FIELDS_WRITE(array, data, len)
WRAP(BYTES_WRITE, GArray *, g_array_append_vals, (GArray * array, gconstpointer data, guint n), (array, data, n))
WRAP(BYTES_WRITE, GByteArray *, g_byte_array_append, (GByteArray * array, const guint8 *data, guint n),
     (array, data, n))
WRAP(BYTES_WRITE, GByteArray *, g_byte_array_set_size, (GByteArray * array, guint size), (array, size))
WRAP(BYTES_WRITE, GByteArray *, g_byte_array_remove_range, (GByteArray * array, guint at, guint n), (array, at, n))

#define QUEUE_WRITE FIELDS_WRITE(queue, head, length)
WRAP(QUEUE_WRITE, void, g_queue_push_tail, (GQueue * queue, gpointer item), (queue, item))
WRAP(QUEUE_WRITE, gpointer, g_queue_pop_head, (GQueue * queue), (queue))
WRAP(__tsan_read8(&queue->head), gpointer, g_queue_peek_head, (GQueue * queue), (queue))
WRAP(__tsan_read8(&queue->head), gboolean, g_queue_is_empty, (GQueue * queue), (queue))

/* ---- Memory: a g_free is a write, to the whole block, that must come after every use; a copy reads its source. */

void(g_free)(gpointer block)
{
    if (FROM_PROGRAM)
        free(block); /* what GLib does */
    else
        REAL(g_free)(block);
}

WRAP(if (text) __tsan_read_range((void *)text, strlen(text) + 1), gchar *, g_strdup, (const gchar *text), (text))

/* ---- Jansson */

#define JSON_READ __tsan_read1((void *)json)
#define JSON_WRITE __tsan_write1(json)
WRAP(JSON_READ, json_t *, json_object_get, (const json_t *json, const char *key), (json, key))
WRAP(JSON_READ, size_t, json_object_size, (const json_t *json), (json))
WRAP(JSON_READ, void *, json_object_iter, (json_t * json), (json))
WRAP(JSON_READ, json_t *, json_array_get, (const json_t *json, size_t index), (json, index))
WRAP(JSON_READ, size_t, json_array_size, (const json_t *json), (json))
WRAP(JSON_WRITE, int, json_object_set_new, (json_t * json, const char *key, json_t *value), (json, key, value))
WRAP(JSON_WRITE, int, json_object_del, (json_t * json, const char *key), (json, key))
WRAP(JSON_WRITE, int, json_array_append_new, (json_t * json, json_t *value), (json, value))
WRAP(JSON_WRITE, int, json_array_set_new, (json_t * json, size_t index, json_t *value), (json, index, value))
WRAP(JSON_WRITE, int, json_array_remove, (json_t * json, size_t index), (json, index))
WRAP(JSON_WRITE, int, json_array_clear, (json_t * json), (json))

/* What reads a whole document. */
static void read_all(const json_t *json)
{
    const char *key;
    json_t *value;
    size_t i;
    if (!json)
        return;
    __tsan_read1((void *)json);
    if (json_is_array(json))
        for (i = 0; i < REAL(json_array_size)(json); i++)
            read_all(REAL(json_array_get)(json, i));
    if (json_is_object(json))
        json_object_foreach ((json_t *)json, key, value)
            read_all(value);
}

WRAP(read_all(json), char *, json_dumps, (const json_t *json, size_t flags), (json, flags))
WRAP(read_all(json), json_t *, json_deep_copy, (const json_t *json), (json))
WRAP((read_all(json), read_all(other)), int, json_equal, (const json_t *json, const json_t *other), (json, other))

/* The last reference is dropped by an atomic that only releases; what it lacks is given here. */
WRAP((__tsan_acquire((void *)&json->refcount), JSON_WRITE), void, json_delete, (json_t * json), (json))
