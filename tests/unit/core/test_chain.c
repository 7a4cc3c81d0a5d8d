/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random lives of a VM with snapshots, against an oracle that keeps the content of every file, block by block, and does
 * to files what QEMU would do. The oracle knows nothing of nodes: it follows backing files to find what a snapshot or
 * the VM reads, and that must never change.
 */
#include "core/chain.h"

#include <string.h>

#define BLOCKS 6
#define HOLE (-1)
#define LIVES 400
#define ACTS 60
#define DISKS_MAX 3

typedef struct {
    int data[BLOCKS];
    char *backing; /* path; NULL */
} File;

typedef struct {
    char *id;
    GHashTable *seen; /* target → int[BLOCKS]: what it read when it was taken */
} Expected;

typedef struct {
    GRand *rand;
    FctChain *chain;
    GHashTable *disk;  /* path → File* */
    GHashTable *now;   /* target → int[BLOCKS]: what the VM last wrote */
    GPtrArray *taken;  /* Expected*, the snapshots that are shown */
    GHashTable *apart; /* set of paths of disks that a revert detached: kept, and no business of the chain any more */
    guint names;
    gboolean runs;
} Life;

static void file_free(gpointer data)
{
    g_free(((File *)data)->backing);
    g_free(data);
}

static void expected_free(gpointer data)
{
    Expected *e = data;
    g_free(e->id);
    g_hash_table_unref(e->seen);
    g_free(e);
}

static GHashTable *contents_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static char *make_file(Life *life, const char *backing)
{
    char *path = g_strdup_printf("/f%u", life->names++);
    File *file = g_new0(File, 1);
    for (int i = 0; i < BLOCKS; i++)
        file->data[i] = HOLE;
    file->backing = g_strdup(backing);
    g_assert_true(!backing || g_hash_table_contains(life->disk, backing));
    g_assert_true(g_hash_table_insert(life->disk, g_strdup(path), file));
    return path;
}

static int read_block(const Life *life, const char *path, int block)
{
    const File *file = g_hash_table_lookup(life->disk, path);
    g_assert_nonnull(file); /* a file that is needed was thrown away */
    if (file->data[block] != HOLE)
        return file->data[block];
    return file->backing ? read_block(life, file->backing, block) : 0;
}

static void check_node(const Life *life, const FctChainNode *node, GHashTable *want)
{
    g_assert_cmpuint(node->files->len, ==, g_hash_table_size(want));
    for (guint i = 0; i < node->files->len; i++) {
        const FctChainFile *file = g_ptr_array_index(node->files, i);
        const int *blocks = g_hash_table_lookup(want, file->target);
        const File *real = g_hash_table_lookup(life->disk, file->path);
        g_assert_nonnull(blocks);
        g_assert_nonnull(real);
        g_assert_cmpstr(real->backing ? real->backing : "", ==, file->backing);
        for (int b = 0; b < BLOCKS; b++)
            g_assert_cmpint(read_block(life, file->path, b), ==, blocks[b]);
    }
}

static void check(Life *life)
{
    check_node(life, life->chain->current, life->now);
    guint shown = 0;
    for (guint i = 0; i < life->chain->nodes->len; i++)
        shown += !((FctChainNode *)life->chain->nodes->pdata[i])->hidden;
    g_assert_cmpuint(shown, ==, life->taken->len);
    for (guint i = 0; i < life->taken->len; i++) {
        const Expected *e = g_ptr_array_index(life->taken, i);
        const FctChainNode *node = fct_chain_node(life->chain, e->id);
        g_assert_nonnull(node);
        check_node(life, node, e->seen);
    }
    g_autoptr(GPtrArray) frozen = fct_chain_frozen(life->chain); /* no file is forgotten, none counted twice */
    g_assert_cmpuint(frozen->len + life->chain->current->files->len + g_hash_table_size(life->apart), ==,
                     g_hash_table_size(life->disk));
    for (guint i = 0; i < frozen->len; i++)
        g_assert_true(g_hash_table_contains(life->disk, ((FctChainFile *)frozen->pdata[i])->path));
}

static void throw_away(Life *life, const char *path)
{
    g_assert_true(g_hash_table_remove(life->disk, path));
}

/* ---- what people do ---- */

static void write_some(Life *life)
{
    const GPtrArray *files = life->chain->current->files;
    if (!files->len)
        return;
    const FctChainFile *file = g_ptr_array_index(files, g_rand_int_range(life->rand, 0, (int)files->len));
    int block = g_rand_int_range(life->rand, 0, BLOCKS), value = g_rand_int_range(life->rand, 1, 1000000);
    ((File *)g_hash_table_lookup(life->disk, file->path))->data[block] = value;
    ((int *)g_hash_table_lookup(life->now, file->target))[block] = value;
}

static void add_disk(Life *life)
{
    for (int i = 0; i < DISKS_MAX; i++) {
        g_autofree char *target = g_strdup_printf("vd%c", 'a' + i);
        if (fct_chain_node_file(life->chain->current, target))
            continue;
        g_autofree char *path = make_file(life, NULL);
        g_ptr_array_add(life->chain->current->files, fct_chain_file_new(target, "p", path, path, "raw", ""));
        g_hash_table_insert(life->now, g_strdup(target), g_new0(int, BLOCKS));
        return;
    }
}

static void remove_disk(Life *life)
{
    GPtrArray *files = life->chain->current->files;
    if (files->len < 2)
        return;
    FctChainFile *file = g_ptr_array_index(files, g_rand_int_range(life->rand, 0, (int)files->len));
    throw_away(life, file->path);
    g_hash_table_remove(life->now, file->target);
    g_ptr_array_remove(files, file);
}

static GPtrArray *make_overlays(Life *life, const FctChainNode *node)
{
    GPtrArray *overlays = g_ptr_array_new_with_free_func((GDestroyNotify)fct_chain_file_free);
    for (guint i = 0; i < node->files->len; i++) {
        const FctChainFile *file = g_ptr_array_index(node->files, i);
        g_autofree char *path = make_file(life, file->path);
        g_ptr_array_add(overlays, fct_chain_file_new(file->target, "p", path, path, "qcow2", ""));
    }
    return overlays;
}

static GHashTable *copy_contents(GHashTable *from)
{
    GHashTable *copy = contents_new();
    GHashTableIter iter;
    gpointer target, blocks;
    g_hash_table_iter_init(&iter, from);
    while (g_hash_table_iter_next(&iter, &target, &blocks))
        g_hash_table_insert(copy, g_strdup(target), g_memdup2(blocks, sizeof(int) * BLOCKS));
    return copy;
}

static void take(Life *life)
{
    g_autofree char *id = g_strdup_printf("s%u", life->names++);
    g_autoptr(GPtrArray) overlays = make_overlays(life, life->chain->current);
    fct_chain_freeze(life->chain, id, overlays);
    Expected *e = g_new(Expected, 1);
    *e = (Expected){g_strdup(id), copy_contents(life->now)};
    g_ptr_array_add(life->taken, e);
}

static Expected *any(Life *life)
{
    return life->taken->len ? life->taken->pdata[g_rand_int_range(life->rand, 0, (int)life->taken->len)] : NULL;
}

static void revert(Life *life)
{
    const Expected *e = any(life);
    if (!e)
        return;
    g_autoptr(GPtrArray) thrown = g_ptr_array_new();
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    g_autoptr(GPtrArray) overlays = make_overlays(life, fct_chain_node(life->chain, e->id));
    fct_chain_leaving(life->chain, thrown, kept);
    g_assert_cmpuint(thrown->len + kept->len, ==, life->chain->current->files->len);
    for (guint i = 0; i < thrown->len; i++)
        throw_away(life, ((FctChainFile *)thrown->pdata[i])->path);
    for (guint i = 0; i < kept->len; i++) { /* its content must be whole without any file of a snapshot */
        const char *path = ((FctChainFile *)kept->pdata[i])->path;
        g_assert_null(((File *)g_hash_table_lookup(life->disk, path))->backing);
        g_hash_table_add(life->apart, g_strdup(path));
    }
    fct_chain_revert(life->chain, e->id, overlays);
    g_hash_table_unref(life->now);
    life->now = copy_contents(e->seen);
}

static void delete_one(Life *life)
{
    Expected *e = any(life);
    if (!e)
        return;
    fct_chain_hide(life->chain, e->id);
    g_ptr_array_remove(life->taken, e);
}

/* ---- what QEMU does ---- */

static gboolean vm_reads(const Life *life, const char *path)
{
    for (guint i = 0; i < life->chain->current->files->len; i++) {
        const char *at = ((FctChainFile *)life->chain->current->files->pdata[i])->path;
        for (; at; at = ((File *)g_hash_table_lookup(life->disk, at))->backing)
            if (strcmp(at, path) == 0)
                return TRUE;
    }
    return FALSE;
}

/* @blocks: how far it gets; less than all is a job that broke off. */
static void commit(Life *life, const FctChainStep *step, int blocks)
{
    const File *top = g_hash_table_lookup(life->disk, step->top->path);
    File *base = g_hash_table_lookup(life->disk, step->base->path);
    g_assert_cmpstr(top->backing, ==, step->base->path);
    g_assert_true(step->live == vm_reads(life, step->base->path));
    if (step->live) { /* its own QEMU finds all of them in the chain of its disk */
        g_assert_true(vm_reads(life, step->top->path));
        g_assert_true(!step->above || vm_reads(life, step->above->path));
    } else { /* another QEMU may not write what the VM has open */
        g_assert_false(vm_reads(life, step->top->path) || (step->above && vm_reads(life, step->above->path)));
    }
    for (int i = 0; i < blocks; i++)
        if (top->data[i] != HOLE)
            base->data[i] = top->data[i];
    if (blocks < BLOCKS || !step->above)
        return;
    File *above = g_hash_table_lookup(life->disk, step->above->path);
    g_free(above->backing);
    above->backing = g_strdup(step->base->path);
}

static void merge(Life *life, int steps)
{
    FctChainStep step;
    while (steps-- > 0 && fct_chain_next(life->chain, &step)) {
        FctChainFile *garbage = NULL;
        g_assert_true(step.node->hidden);
        if (step.kind == FCT_CHAIN_COMMIT && g_rand_int_range(life->rand, 0, 4) == 0) {
            commit(life, &step, g_rand_int_range(life->rand, 0, BLOCKS));
            check(life); /* broken off: nothing that counts has changed */
            return;
        }
        if (step.kind == FCT_CHAIN_COMMIT)
            commit(life, &step, BLOCKS);
        fct_chain_apply(life->chain, &step, &garbage);
        if (garbage)
            throw_away(life, garbage->path);
        fct_chain_file_free(garbage);
        check(life);
    }
}

static void act(Life *life)
{
    switch (g_rand_int_range(life->rand, 0, 12)) {
    case 0:
    case 1:
        take(life);
        break;
    case 2:
        revert(life);
        break;
    case 3:
    case 4:
        delete_one(life);
        break;
    case 5:
        merge(life, 100);
        break;
    case 6:
        merge(life, 1);
        break;
    case 7:
        add_disk(life);
        break;
    case 8:
        remove_disk(life);
        break;
    default:
        write_some(life);
    }
    check(life);
}

/* With everything deleted and merged the VM stands on one file a disk. */
static void finish(Life *life)
{
    while (life->taken->len)
        delete_one(life);
    FctChainStep step;
    while (fct_chain_next(life->chain, &step))
        merge(life, 100);
    g_assert_cmpuint(life->chain->nodes->len, ==, 0);
    check(life);
    for (guint i = 0; i < life->chain->current->files->len; i++)
        g_assert_cmpstr(((FctChainFile *)life->chain->current->files->pdata[i])->backing, ==, "");
}

static void live(guint32 seed)
{
    Life life = {.rand = g_rand_new_with_seed(seed),
                 .chain = fct_chain_new(),
                 .disk = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, file_free),
                 .now = contents_new(),
                 .taken = g_ptr_array_new_with_free_func(expected_free),
                 .apart = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    add_disk(&life);
    for (int i = 0; i < ACTS; i++)
        act(&life);
    finish(&life);
    g_hash_table_unref(life.apart);
    g_ptr_array_unref(life.taken);
    g_hash_table_unref(life.now);
    g_hash_table_unref(life.disk);
    fct_chain_free(life.chain);
    g_rand_free(life.rand);
}

static void test_lives(void)
{
    guint32 seed = (guint32)g_test_rand_int();
    for (guint32 i = 0; i < LIVES; i++) {
        g_test_message("life with seed %u", seed + i);
        live(seed + i);
    }
}

/* ---- by hand ---- */

static GPtrArray *overlay(const char *path)
{
    GPtrArray *files = g_ptr_array_new_with_free_func((GDestroyNotify)fct_chain_file_free);
    g_ptr_array_add(files, fct_chain_file_new("vda", "p", path, path, "qcow2", ""));
    return files;
}

static FctChain *chain_of_one(void)
{
    FctChain *chain = fct_chain_new();
    g_ptr_array_add(chain->current->files, fct_chain_file_new("vda", "p", "/base", "/base", "raw", ""));
    return chain;
}

static void freeze(FctChain *chain, const char *id, const char *path)
{
    g_autoptr(GPtrArray) files = overlay(path);
    fct_chain_freeze(chain, id, files);
}

static void test_merge_into_base(void)
{
    g_autoptr(FctChain) chain = chain_of_one();
    FctChainStep step;
    FctChainFile *garbage;
    freeze(chain, "a", "/1");
    freeze(chain, "b", "/2");
    g_assert_false(fct_chain_next(chain, &step));
    fct_chain_hide(chain, "a");
    g_assert_true(fct_chain_next(chain, &step));
    g_assert_cmpint(step.kind, ==, FCT_CHAIN_COMMIT);
    g_assert_cmpstr(step.base->path, ==, "/base");
    g_assert_cmpstr(step.top->path, ==, "/1");
    g_assert_cmpstr(step.above->path, ==, "/2");
    g_assert_true(step.live);
    fct_chain_apply(chain, &step, &garbage);
    g_assert_cmpstr(garbage->path, ==, "/1");
    fct_chain_file_free(garbage);
    g_assert_cmpstr(fct_chain_node_file(fct_chain_node(chain, "b"), "vda")->path, ==, "/base");
    g_assert_cmpstr(fct_chain_node_file(fct_chain_node(chain, "b"), "vda")->format, ==, "raw");
    g_assert_cmpstr(fct_chain_node_file(chain->current, "vda")->backing, ==, "/base");
    g_assert_true(fct_chain_next(chain, &step));
    g_assert_cmpint(step.kind, ==, FCT_CHAIN_FORGET);
    fct_chain_apply(chain, &step, &garbage);
    g_assert_cmpstr(fct_chain_node(chain, "b")->parent, ==, "");
}

/* b and the VM both stand on a: it stays, out of sight, until b is gone. */
static void test_two_branches(void)
{
    g_autoptr(FctChain) chain = chain_of_one();
    g_autoptr(GPtrArray) again = overlay("/3");
    FctChainStep step;
    FctChainFile *garbage;
    freeze(chain, "a", "/1");
    freeze(chain, "b", "/2");
    fct_chain_revert(chain, "a", again);
    fct_chain_hide(chain, "a");
    g_assert_false(fct_chain_next(chain, &step));
    fct_chain_hide(chain, "b");
    g_assert_true(fct_chain_next(chain, &step));
    g_assert_cmpint(step.kind, ==, FCT_CHAIN_DROP);
    g_assert_cmpstr(step.base->path, ==, "/1");
    g_assert_false(step.live);
    fct_chain_apply(chain, &step, &garbage);
    fct_chain_file_free(garbage);
    g_assert_true(fct_chain_next(chain, &step));
    g_assert_cmpint(step.kind, ==, FCT_CHAIN_COMMIT);
    g_assert_cmpstr(step.top->path, ==, "/3");
    g_assert_null(step.above);
}

static void test_added_disk(void)
{
    g_autoptr(FctChain) chain = chain_of_one();
    g_autoptr(GPtrArray) thrown = g_ptr_array_new();
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    freeze(chain, "a", "/1");
    g_ptr_array_add(chain->current->files, fct_chain_file_new("vdb", "p", "/b", "/b", "qcow2", ""));
    fct_chain_leaving(chain, thrown, kept);
    g_assert_cmpuint(thrown->len, ==, 1);
    g_assert_cmpuint(kept->len, ==, 1);
    g_assert_cmpstr(((FctChainFile *)kept->pdata[0])->path, ==, "/b");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chain/merge-into-base", test_merge_into_base);
    g_test_add_func("/chain/two-branches", test_two_branches);
    g_test_add_func("/chain/added-disk", test_added_disk);
    g_test_add_func("/chain/random-lives", test_lives);
    return g_test_run();
}
