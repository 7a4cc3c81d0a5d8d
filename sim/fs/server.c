/* SPDX-License-Identifier: Apache-2.0 */
#define FUSE_USE_VERSION 314
#include "fs/server.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Owner, mode and size of a node never change, so they may be cached; so may the names of lasting nodes. */
enum { TICK_MS = 100, CACHED_S = 86400 };

struct FsimServer {
    FsimNode *root;
    struct fuse_session *session;
    struct fuse_buf buffer;
    GMainLoop *loop;
    GHashTable *inodes; /* id -> Inode: what the kernel knows */
    guint64 next_id;
    GHashTable *handles; /* Handle: what is open */
    GList *parked;       /* of Parked */
    guint tick;          /* timer: looks for changes from outside while a caller waits for them */
    FsimServerHooks hooks;
    gpointer context;
};

/*
 * A writable file gets a new id with every lookup. The kernel serialises the direct writes of an inode, so that one
 * hung write to drivers/nvidia/unbind would else block the unbinding of every other device, which it does not in sysfs.
 */
typedef struct {
    FsimNode *node;
    guint64 lookups;
} Inode;

typedef struct {
    FsimNode *node;
    GString *text;    /* files: what the last read from the start gave; directories: space for an answer */
    GPtrArray *names; /* directories */
} Handle;

/* A request without an answer yet. */
typedef struct {
    FsimServer *server;
    fuse_req_t request;
    Handle *handle;
    gboolean is_write;
    gboolean for_ever; /* an injected hang: changes of the tree do not wake it */
    guint timer;
    gsize size;
    goffset offset;
    char *text;
} Parked;

static FsimServer *server_of(fuse_req_t request)
{
    return fuse_req_userdata(request);
}

static FsimNode *node_of(fuse_req_t request, fuse_ino_t id)
{
    FsimServer *server = server_of(request);
    server->hooks.sync(server->context);
    if (id == FUSE_ROOT_ID)
        return server->root;
    guint64 key = id;
    Inode *inode = g_hash_table_lookup(server->inodes, &key);
    return inode != NULL ? inode->node : NULL;
}

static void inode_free(gpointer data)
{
    Inode *inode = data;
    fsim_node_unref(inode->node);
    g_free(inode);
}

/* As sysfs counts: libvirt takes an iommu_groups of two links for an empty one. 1 means "not counted", for directories
 * that are made as they are read. */
static nlink_t links_of(const FsimNode *node)
{
    if (node->kind != FSIM_DIR || (node->ops != NULL && node->ops->list != NULL))
        return 1;
    nlink_t count = 2;
    GHashTableIter iter;
    gpointer child;
    if (node->children == NULL)
        return count;
    g_hash_table_iter_init(&iter, node->children);
    while (g_hash_table_iter_next(&iter, NULL, &child))
        count += ((const FsimNode *)child)->kind == FSIM_DIR;
    return count;
}

static void fill_stat(const FsimNode *node, struct stat *st)
{
    *st = (struct stat){.st_ino = node->ino, .st_uid = getuid(), .st_gid = getgid(), .st_nlink = links_of(node)};
    st->st_mode = node->mode | (node->kind == FSIM_DIR ? S_IFDIR : node->kind == FSIM_LINK ? S_IFLNK : S_IFREG);
    st->st_size = node->size;
    st->st_blksize = 4096;
    clock_gettime(CLOCK_REALTIME, &st->st_mtim);
    st->st_atim = st->st_ctim = st->st_mtim;
}

/* ---- names ---- */

static void op_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    FsimServer *server = server_of(request);
    FsimNode *dir = node_of(request, parent);
    if (dir == NULL || dir->dead || dir->kind != FSIM_DIR) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    FsimNode *child = dir->children != NULL ? g_hash_table_lookup(dir->children, name) : NULL;
    g_autoptr(FsimNode) node = child != NULL ? fsim_node_ref(child) : NULL;
    if (node == NULL && dir->ops != NULL && dir->ops->find != NULL)
        node = dir->ops->find(dir, name);
    if (node == NULL) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    gboolean shared = node->kind != FSIM_FILE || (node->mode & 0222) == 0;
    guint64 id = shared ? 2 * node->ino + 2 : (server->next_id += 2);
    Inode *inode = g_hash_table_lookup(server->inodes, &id);
    if (inode == NULL) {
        inode = g_new0(Inode, 1);
        inode->node = fsim_node_ref(node);
        g_hash_table_insert(server->inodes, g_memdup2(&id, sizeof id), inode);
    }
    inode->lookups++;
    struct fuse_entry_param entry = {.ino = id, .generation = 1};
    fill_stat(node, &entry.attr);
    entry.entry_timeout = node->lasting ? CACHED_S : 0;
    entry.attr_timeout = CACHED_S;
    if (fuse_reply_entry(request, &entry) != 0 && --inode->lookups == 0)
        g_hash_table_remove(server->inodes, &id);
}

static void forget_one(FsimServer *server, fuse_ino_t id, guint64 count)
{
    guint64 key = id;
    Inode *inode = g_hash_table_lookup(server->inodes, &key);
    if (inode == NULL)
        return;
    inode->lookups -= MIN(count, inode->lookups);
    if (inode->lookups == 0)
        g_hash_table_remove(server->inodes, &key);
}

static void op_forget(fuse_req_t request, fuse_ino_t id, uint64_t count)
{
    forget_one(server_of(request), id, count);
    fuse_reply_none(request);
}

static void op_forget_multi(fuse_req_t request, size_t count, struct fuse_forget_data *forgets)
{
    for (size_t i = 0; i < count; i++)
        forget_one(server_of(request), forgets[i].ino, forgets[i].nlookup);
    fuse_reply_none(request);
}

static void op_getattr(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info)
{
    FsimNode *node = node_of(request, id);
    if (node == NULL || node->dead) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    struct stat st;
    fill_stat(node, &st);
    fuse_reply_attr(request, &st, CACHED_S);
}

/* A shell's `>` truncates, and chmod and touch do no harm: nothing is kept, all succeed. */
static void op_setattr(fuse_req_t request, fuse_ino_t id, struct stat *st, int to_set, struct fuse_file_info *info)
{
    op_getattr(request, id, info);
}

static void op_readlink(fuse_req_t request, fuse_ino_t id)
{
    FsimNode *node = node_of(request, id);
    if (node == NULL || node->dead || node->kind != FSIM_LINK) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    g_autofree char *made = node->text == NULL ? node->ops->target(node) : NULL;
    const char *target = made != NULL ? made : node->text;
    if (target == NULL)
        fuse_reply_err(request, ENOENT);
    else
        fuse_reply_readlink(request, target);
}

static void op_create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *info)
{
    fuse_reply_err(request, EACCES);
}

static void op_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode)
{
    fuse_reply_err(request, EPERM);
}

static void op_unlink(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    fuse_reply_err(request, EPERM);
}

/* ---- directories ---- */

static void handle_free(gpointer data)
{
    Handle *handle = data;
    if (handle->names != NULL)
        g_ptr_array_unref(handle->names);
    if (handle->text != NULL)
        g_string_free(handle->text, TRUE);
    fsim_node_unref(handle->node);
    g_free(handle);
}

/* FALSE if the caller gave up meanwhile; then the handle is gone too. */
static gboolean answer_open(fuse_req_t request, Handle *handle, struct fuse_file_info *info)
{
    GHashTable *handles = server_of(request)->handles;
    info->fh = (uint64_t)(uintptr_t)handle;
    g_hash_table_add(handles, handle);
    if (fuse_reply_open(request, info) == 0)
        return TRUE;
    g_hash_table_remove(handles, handle);
    return FALSE;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void op_opendir(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info)
{
    FsimNode *node = node_of(request, id);
    if (node == NULL || node->dead) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    Handle *handle = g_new0(Handle, 1);
    handle->node = fsim_node_ref(node);
    handle->names = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer name;
    if (node->children != NULL) {
        g_hash_table_iter_init(&iter, node->children);
        while (g_hash_table_iter_next(&iter, &name, NULL))
            g_ptr_array_add(handle->names, g_strdup(name));
    }
    if (node->ops != NULL && node->ops->list != NULL)
        node->ops->list(node, handle->names);
    g_ptr_array_sort(handle->names, compare_names);
    g_ptr_array_insert(handle->names, 0, g_strdup("."));
    g_ptr_array_insert(handle->names, 1, g_strdup(".."));
    answer_open(request, handle, info);
}

static void op_readdir(fuse_req_t request, fuse_ino_t id, size_t size, off_t offset, struct fuse_file_info *info)
{
    Handle *handle = (Handle *)(uintptr_t)info->fh;
    size_t used = 0;
    if (handle->text == NULL)
        handle->text = g_string_new(NULL);
    g_string_set_size(handle->text, size);
    char *buffer = handle->text->str;
    for (guint i = (guint)offset; i < handle->names->len; i++) {
        const char *name = handle->names->pdata[i];
        const FsimNode *child =
            handle->node->children != NULL ? g_hash_table_lookup(handle->node->children, name) : NULL;
        struct stat st = {.st_ino = child != NULL ? child->ino : handle->node->ino, .st_mode = 0};
        if (i < 2)
            st.st_mode = S_IFDIR;
        else if (child != NULL)
            st.st_mode = child->kind == FSIM_DIR ? S_IFDIR : child->kind == FSIM_LINK ? S_IFLNK : S_IFREG;
        size_t need = fuse_add_direntry(request, buffer + used, size - used, name, &st, (off_t)i + 1);
        if (need > size - used)
            break;
        used += need;
    }
    fuse_reply_buf(request, buffer, used);
}

static void op_releasedir(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info)
{
    g_hash_table_remove(server_of(request)->handles, (Handle *)(uintptr_t)info->fh);
    fuse_reply_err(request, 0);
}

/* ---- files ---- */

static void op_open(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info)
{
    FsimNode *node = node_of(request, id);
    int error = node == NULL || node->dead ? ENODEV : 0;
    if (error == 0 && node->ops != NULL && node->ops->open != NULL)
        error = node->ops->open(node, info->flags);
    if (error != 0) {
        fuse_reply_err(request, error);
        return;
    }
    Handle *handle = g_new0(Handle, 1);
    handle->node = fsim_node_ref(node);
    info->direct_io = 1;
    if (answer_open(request, handle, info))
        node->opens++;
}

static void op_release(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info)
{
    FsimServer *server = server_of(request);
    Handle *handle = (Handle *)(uintptr_t)info->fh;
    handle->node->opens--;
    if (handle->node->ops != NULL && handle->node->ops->release != NULL && !handle->node->dead)
        handle->node->ops->release(handle->node);
    g_hash_table_remove(server->handles, handle);
    fuse_reply_err(request, 0);
    fsim_server_kick(server);
}

static void answer_read(fuse_req_t request, Handle *handle, gsize size, goffset offset)
{
    FsimNode *node = handle->node;
    if (node->dead) {
        fuse_reply_err(request, ENODEV);
        return;
    }
    if (handle->text == NULL || offset == 0) {
        if (handle->text == NULL)
            handle->text = g_string_new(NULL);
        g_string_truncate(handle->text, 0);
        int error = 0;
        if (node->text != NULL)
            g_string_append(handle->text, node->text);
        else if (node->ops != NULL)
            error = node->ops->read != NULL ? node->ops->read(node, handle->text) : EIO;
        if (error != 0) {
            fuse_reply_err(request, error);
            return;
        }
    }
    gsize length = handle->text->len;
    gsize from = MIN((gsize)offset, length);
    fuse_reply_buf(request, handle->text->str + from, MIN(size, length - from));
}

/* TRUE if the request was answered, FALSE if it has to wait. */
static gboolean answer_write(fuse_req_t request, Handle *handle, const char *text, gsize size, goffset offset)
{
    FsimNode *node = handle->node;
    int error = node->dead ? ENODEV : node->ops == NULL || node->ops->write == NULL ? EIO : 0;
    if (error == 0)
        error = node->ops->write(node, text, size, offset);
    if (error == FSIM_WAIT)
        return FALSE;
    if (error != 0)
        fuse_reply_err(request, error);
    else
        fuse_reply_write(request, size);
    return TRUE;
}

static gboolean on_tick(gpointer data)
{
    FsimServer *server = data;
    server->hooks.sync(server->context);
    if (server->parked != NULL)
        return G_SOURCE_CONTINUE;
    server->tick = 0;
    return G_SOURCE_REMOVE;
}

static void parked_free(Parked *parked)
{
    parked->server->parked = g_list_remove(parked->server->parked, parked);
    if (parked->timer != 0)
        g_source_remove(parked->timer);
    g_free(parked->text);
    g_free(parked);
}

static gboolean on_late(gpointer data)
{
    Parked *parked = data;
    parked->timer = 0;
    parked->server->hooks.sync(parked->server->context);
    if (!parked->is_write)
        answer_read(parked->request, parked->handle, parked->size, parked->offset);
    else if (!answer_write(parked->request, parked->handle, parked->text, parked->size, parked->offset))
        return G_SOURCE_REMOVE;
    FsimServer *server = parked->server;
    parked_free(parked);
    fsim_server_kick(server);
    return G_SOURCE_REMOVE;
}

/* Serves a read (text NULL) or a write, with the faults that are injected into it. Takes `text`. */
static void serve(fuse_req_t request, Handle *handle, char *text, gsize size, goffset offset)
{
    FsimServer *server = server_of(request);
    server->hooks.sync(server->context);
    FsimFault fault = {FSIM_FAULT_NONE, 0, 0};
    /* A reader comes back for the rest and for the end; that is not another read to those who inject faults. */
    if (!handle->node->dead && (text != NULL || offset == 0)) {
        g_autofree char *path = fsim_node_path(handle->node);
        fault = server->hooks.fault(server->context, path, text);
    }
    gboolean done = TRUE;
    if (fault.action == FSIM_FAULT_FAIL)
        fuse_reply_err(request, fault.error);
    else if (fault.action != FSIM_FAULT_NONE)
        done = FALSE;
    else if (text != NULL)
        done = answer_write(request, handle, text, size, offset);
    else
        answer_read(request, handle, size, offset);
    if (done) {
        gboolean wrote = text != NULL;
        g_free(text);
        if (wrote)
            fsim_server_kick(server);
        return;
    }
    Parked *parked = g_new0(Parked, 1);
    *parked = (Parked){.server = server, .request = request, .handle = handle, .size = size, .offset = offset};
    parked->text = text;
    parked->is_write = text != NULL;
    parked->for_ever = fault.action == FSIM_FAULT_HANG;
    server->parked = g_list_append(server->parked, parked);
    if (server->tick == 0)
        server->tick = g_timeout_add(TICK_MS, on_tick, server);
    if (fault.action == FSIM_FAULT_LATE)
        parked->timer = g_timeout_add(fault.delay_ms, on_late, parked);
}

static void op_read(fuse_req_t request, fuse_ino_t id, size_t size, off_t offset, struct fuse_file_info *info)
{
    serve(request, (Handle *)(uintptr_t)info->fh, NULL, size, offset);
}

static void op_write(fuse_req_t request, fuse_ino_t id, const char *data, size_t size, off_t offset,
                     struct fuse_file_info *info)
{
    char *text = g_malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    serve(request, (Handle *)(uintptr_t)info->fh, text, size, offset);
}

static void op_statfs(fuse_req_t request, fuse_ino_t id)
{
    struct statvfs st = {.f_bsize = 4096, .f_namemax = 255};
    fuse_reply_statfs(request, &st);
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = op_lookup,
    .forget = op_forget,
    .forget_multi = op_forget_multi,
    .getattr = op_getattr,
    .setattr = op_setattr,
    .readlink = op_readlink,
    .create = op_create,
    .mkdir = op_mkdir,
    .unlink = op_unlink,
    .rmdir = op_unlink,
    .opendir = op_opendir,
    .readdir = op_readdir,
    .releasedir = op_releasedir,
    .open = op_open,
    .release = op_release,
    .read = op_read,
    .write = op_write,
    .statfs = op_statfs,
};

/* ---- the loop ---- */

void fsim_server_kick(FsimServer *server)
{
    for (GList *l = server->parked; l != NULL;) {
        Parked *parked = l->data;
        l = l->next;
        if (parked->for_ever || parked->timer != 0 || !parked->is_write)
            continue;
        if (answer_write(parked->request, parked->handle, parked->text, parked->size, parked->offset))
            parked_free(parked);
    }
}

void fsim_server_abort_parked(FsimServer *server, int error)
{
    GList *all = g_steal_pointer(&server->parked);
    for (GList *l = all; l != NULL; l = l->next) {
        Parked *parked = l->data;
        fuse_reply_err(parked->request, error);
        parked_free(parked);
    }
    g_list_free(all);
}

static gboolean on_request(gint fd, GIOCondition condition, gpointer data)
{
    FsimServer *server = data;
    int got = fuse_session_receive_buf(server->session, &server->buffer);
    if (got == -EINTR || got == -EAGAIN)
        return G_SOURCE_CONTINUE;
    if (got > 0)
        fuse_session_process_buf(server->session, &server->buffer);
    if (got > 0 && !fuse_session_exited(server->session))
        return G_SOURCE_CONTINUE;
    g_main_loop_quit(server->loop); /* unmounted from outside */
    return G_SOURCE_REMOVE;
}

static gboolean on_signal(gpointer data)
{
    g_main_loop_quit(((FsimServer *)data)->loop);
    return G_SOURCE_CONTINUE;
}

FsimServer *fsim_server_new(FsimNode *root, const char *mountpoint, gboolean for_all, const FsimServerHooks *hooks,
                            gpointer context)
{
    FsimServer *server = g_new0(FsimServer, 1);
    server->root = root;
    server->hooks = *hooks;
    server->context = context;
    server->next_id = 3;
    server->inodes = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, inode_free);
    char name[] = "facet-sim", flag[] = "-o";
    char options[] = "fsname=facet-sim,subtype=facet-sim,default_permissions,allow_other";
    if (!for_all)
        *strrchr(options, ',') = '\0';
    char *argv[] = {name, flag, options, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(3, argv);
    server->session = fuse_session_new(&args, &operations, sizeof operations, server);
    fuse_opt_free_args(&args);
    if (server->session != NULL && fuse_session_mount(server->session, mountpoint) != 0) {
        fuse_session_destroy(server->session);
        server->session = NULL;
    }
    if (server->session == NULL) {
        fprintf(stderr, "facet-sim: cannot mount on %s\n", mountpoint);
        g_hash_table_unref(server->inodes);
        g_free(server);
        return NULL;
    }
    server->handles = g_hash_table_new_full(NULL, NULL, handle_free, NULL);
    server->loop = g_main_loop_new(NULL, FALSE);
    return server;
}

void fsim_server_run(FsimServer *server, void (*ready)(gpointer context))
{
    guint sources[] = {
        g_unix_fd_add(fuse_session_fd(server->session), G_IO_IN | G_IO_ERR | G_IO_HUP, on_request, server),
        g_unix_signal_add(SIGTERM, on_signal, server),
        g_unix_signal_add(SIGINT, on_signal, server),
        g_unix_signal_add(SIGHUP, on_signal, server),
    };
    if (ready != NULL)
        ready(server->context);
    g_main_loop_run(server->loop);
    for (guint i = 1; i < G_N_ELEMENTS(sources); i++)
        g_source_remove(sources[i]);
    if (!fuse_session_exited(server->session) && g_main_context_find_source_by_id(NULL, sources[0]) != NULL)
        g_source_remove(sources[0]);
}

void fsim_server_free(FsimServer *server)
{
    fsim_server_abort_parked(server, ENODEV);
    if (server->tick != 0)
        g_source_remove(server->tick);
    fuse_session_unmount(server->session);
    fuse_session_destroy(server->session);
    free(server->buffer.mem);
    g_hash_table_unref(server->handles);
    g_hash_table_unref(server->inodes);
    g_main_loop_unref(server->loop);
    g_free(server);
}
