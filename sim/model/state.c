/* SPDX-License-Identifier: Apache-2.0 */
#include "model/state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const FsimGiProfile *fsim_card_profile(const FsimCard *card, uint32_t id)
{
    for (uint32_t i = 0; i < card->mig.n_profiles; i++)
        if (card->mig.profiles[i].id == id)
            return &card->mig.profiles[i];
    return NULL;
}

int64_t fsim_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* The used part of a body: the GPUs come last, so that copies need not touch those that do not exist. */
static size_t body_size(const FsimStateFile *file)
{
    return offsetof(FsimBody, gpus) + file->fixed.n_gpus * sizeof(FsimGpu);
}

static FsimStateFile *map_file(int fd)
{
    void *at = mmap(NULL, sizeof(FsimStateFile), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return at == MAP_FAILED ? NULL : at;
}

int fsim_state_create(const char *path, const FsimFixed *fixed, const FsimBody *body)
{
    char temporary[4096 + 16];
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.new", path) >= sizeof temporary)
        return -ENAMETOOLONG;
    int fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return -errno;
    /* The file is a bus between users: root's helper, the developer's nvtop, the FUSE half. */
    fchmod(fd, 0666);
    FsimStateFile *file = ftruncate(fd, sizeof *file) == 0 ? map_file(fd) : NULL;
    int result = file ? 0 : -errno;
    close(fd);
    if (file) {
        file->magic = FSIM_STATE_MAGIC;
        file->version = FSIM_STATE_VERSION;
        file->size = sizeof *file;
        file->fixed = *fixed;
        file->body[0] = *body;
        munmap(file, sizeof *file);
        if (rename(temporary, path) < 0)
            result = -errno;
    }
    if (result < 0)
        unlink(temporary);
    return result;
}

int fsim_state_open(const char *path, FsimState *st)
{
    memset(st, 0, sizeof *st);
    if (strlen(path) >= sizeof st->path)
        return -ENAMETOOLONG;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct stat info;
    int result = 0;
    if (fstat(fd, &info) < 0)
        result = -errno;
    else if (info.st_size != (off_t)sizeof(FsimStateFile))
        result = -EPROTO;
    else if (!(st->file = map_file(fd)))
        result = -errno;
    close(fd);
    if (st->file && (st->file->magic != FSIM_STATE_MAGIC || st->file->version != FSIM_STATE_VERSION ||
                     st->file->size != sizeof(FsimStateFile) || st->file->fixed.n_gpus > FSIM_MAX_GPUS)) {
        fsim_state_close(st);
        result = -EPROTO;
    }
    if (result == 0)
        memcpy(st->path, path, strlen(path) + 1);
    return result;
}

void fsim_state_close(FsimState *st)
{
    if (st->file)
        munmap(st->file, sizeof *st->file);
    st->file = NULL;
}

uint64_t fsim_state_read(const FsimState *st, FsimBody *out)
{
    size_t size = body_size(st->file);
    for (;;) {
        uint64_t generation = fsim_state_generation(st);
        memcpy(out, &st->file->body[generation & 1], size);
        atomic_thread_fence(memory_order_acquire);
        /* Copy g & 1 is overwritten only by the writer of g+2, who starts after g+1 was published. */
        if (fsim_state_generation(st) == generation)
            return generation;
    }
}

int fsim_txn_begin(FsimState *st, FsimTxn *txn)
{
    /* A descriptor of its own: flock belongs to the open file, which forked children would share. */
    int fd = open(st->path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    while (flock(fd, LOCK_EX) < 0) {
        if (errno == EINTR)
            continue;
        int result = -errno;
        close(fd);
        return result;
    }
    fsim_crash_point(st, "begin");
    uint64_t generation = fsim_state_generation(st);
    txn->st = st;
    txn->lock = fd;
    txn->body = &st->file->body[(generation + 1) & 1];
    memcpy(txn->body, &st->file->body[generation & 1], body_size(st->file));
    fsim_crash_point(st, "copied");
    return 0;
}

void fsim_txn_commit(FsimTxn *txn)
{
    fsim_crash_point(txn->st, "changed");
    atomic_fetch_add_explicit(&txn->st->file->generation, 1, memory_order_release);
    fsim_crash_point(txn->st, "published");
    fsim_txn_abort(txn);
}

void fsim_txn_abort(FsimTxn *txn)
{
    close(txn->lock); /* releases the lock */
    txn->lock = -1;
    txn->body = NULL;
}

void fsim_crash_point(FsimState *st, const char *point)
{
    FsimLive *live = &st->file->live;
    if (!atomic_load_explicit(&live->crash_armed, memory_order_relaxed) || strcmp(live->crash_point, point) != 0)
        return;
    uint32_t armed = 1;
    if (atomic_compare_exchange_strong(&live->crash_armed, &armed, 0))
        kill(getpid(), SIGKILL);
}
