/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consoles. The serial one is libvirt's stream, joined to a socket pair on libvirt's event thread with 4 KiB in each
 * direction: while one side does not take its bytes, the other is not read. The graphical one is a socket from QEMU
 * itself.
 */
#include "base/scope.h"
#include "virt/virt.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPEN_MS 10000
#define CHUNK 4096

typedef struct {
    char bytes[CHUNK];
    size_t start, end;
} Chunk;

/*
 * Lives on the event thread until the watch on our end is gone. The stream has no reference to it, since libvirt 9.0
 * does not call the release function of a stream that has ended.
 */
typedef struct {
    gint refs;
    virStreamPtr stream;
    int fd, watch;
    gboolean over, broken;
    Chunk to_guest, to_viewer;
} Bridge;

static void bridge_unref(void *data)
{
    Bridge *b = data;
    if (!g_atomic_int_dec_and_test(&b->refs))
        return;
    virStreamFree(b->stream);
    close(b->fd);
    g_free(b);
}

/* Waits for libvirtd's answer, so not on the event thread, which carries the events of all VMs. */
static gpointer close_stream(gpointer data)
{
    Bridge *b = data;
    if (b->broken)
        virStreamAbort(b->stream);
    else
        virStreamFinish(b->stream);
    bridge_unref(b);
    return NULL;
}

static void bridge_end(Bridge *b, gboolean broken)
{
    b->over = TRUE;
    b->broken = broken;
    virStreamEventRemoveCallback(b->stream);
    virEventRemoveHandle(b->watch);
    shutdown(b->fd, SHUT_RDWR);
    g_atomic_int_inc(&b->refs);
    g_thread_unref(g_thread_new("console-end", close_stream, b));
}

static void bridge_interest(Bridge *b)
{
    gboolean viewer_due = b->to_viewer.end > b->to_viewer.start, guest_due = b->to_guest.end > b->to_guest.start;
    virStreamEventUpdateCallback(b->stream, VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR |
                                                (viewer_due ? 0 : VIR_STREAM_EVENT_READABLE) |
                                                (guest_due ? VIR_STREAM_EVENT_WRITABLE : 0));
    virEventUpdateHandle(b->watch, VIR_EVENT_HANDLE_HANGUP | VIR_EVENT_HANDLE_ERROR |
                                       (guest_due ? 0 : VIR_EVENT_HANDLE_READABLE) |
                                       (viewer_due ? VIR_EVENT_HANDLE_WRITABLE : 0));
}

/* Both return FALSE when that side has ended. */
static gboolean flush_viewer(Bridge *b)
{
    Chunk *c = &b->to_viewer;
    while (c->start < c->end) {
        ssize_t n = send(b->fd, c->bytes + c->start, c->end - c->start, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        c->start += (size_t)n;
    }
    c->start = c->end = 0;
    return TRUE;
}

static gboolean flush_guest(Bridge *b)
{
    Chunk *c = &b->to_guest;
    while (c->start < c->end) {
        int n = virStreamSend(b->stream, c->bytes + c->start, c->end - c->start);
        if (n == -2)
            return TRUE;
        if (n < 0)
            return FALSE;
        c->start += (size_t)n;
    }
    c->start = c->end = 0;
    return TRUE;
}

static void on_stream(virStreamPtr stream, int events, void *data)
{
    Bridge *b = data;
    gboolean ok = TRUE;
    if (b->over)
        return;
    if (events & VIR_STREAM_EVENT_READABLE && b->to_viewer.end == 0) {
        int n = virStreamRecv(stream, b->to_viewer.bytes, CHUNK);
        if (n > 0)
            b->to_viewer.end = (size_t)n;
        ok = n > 0 || n == -2;
        ok = flush_viewer(b) && ok;
    }
    if (ok && events & VIR_STREAM_EVENT_WRITABLE)
        ok = flush_guest(b);
    if (!ok || events & (VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP))
        bridge_end(b, TRUE);
    else
        bridge_interest(b);
}

static void on_viewer(int watch, int fd, int events, void *data)
{
    Bridge *b = data;
    gboolean ok = TRUE;
    if (b->over)
        return;
    if (events & VIR_EVENT_HANDLE_READABLE && b->to_guest.end == 0) {
        ssize_t n = read(fd, b->to_guest.bytes, CHUNK);
        if (n > 0)
            b->to_guest.end = (size_t)n;
        ok = n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
        ok = flush_guest(b) && ok;
    } else if (events & (VIR_EVENT_HANDLE_HANGUP | VIR_EVENT_HANDLE_ERROR)) {
        ok = FALSE;
    }
    if (ok && events & VIR_EVENT_HANDLE_WRITABLE)
        ok = flush_viewer(b);
    if (ok)
        bridge_interest(b);
    else
        bridge_end(b, FALSE);
}

/* Takes over @stream and @fd. */
static gboolean bridge_start(virStreamPtr stream, int fd, GError **error)
{
    Bridge *b = g_new0(Bridge, 1);
    b->stream = stream;
    b->fd = fd;
    b->refs = 2; /* this function, and the watch on our end; the stream is not watched longer than that */
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    b->watch = virEventAddHandle(fd, 0, on_viewer, b, bridge_unref);
    if (b->watch < 0) {
        b->refs = 1;
    } else if (virStreamEventAddCallback(stream,
                                         VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_HANGUP | VIR_STREAM_EVENT_ERROR,
                                         on_stream, b, NULL) < 0) {
        virEventRemoveHandle(b->watch);
        b->watch = -1;
    } else {
        /* only now, so that neither runs before both exist */
        virEventUpdateHandle(b->watch, VIR_EVENT_HANDLE_READABLE | VIR_EVENT_HANDLE_HANGUP | VIR_EVENT_HANDLE_ERROR);
    }
    gboolean ok = b->watch >= 0;
    if (!ok)
        fct_virt_set_error(error, "The console could not be connected");
    bridge_unref(b);
    return ok;
}

typedef struct {
    char *id;
    gboolean force;
    int fd;
} Opening;

static void opening_clear(gpointer data)
{
    Opening *opening = data;
    fct_close(&opening->fd);
    g_free(opening->id);
}

static void opening_release(Opening *opening)
{
    g_atomic_rc_box_release_full(opening, opening_clear);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Opening, opening_release)

static virDomainPtr running_domain(virConnectPtr conn, const char *id, GError **error)
{
    virDomainPtr domain = virDomainLookupByUUIDString(conn, id);
    if (!domain) {
        fct_virt_set_error(error, "libvirt does not know the VM");
        return NULL;
    }
    if (virDomainIsActive(domain) == 1)
        return domain;
    fct_set_error_full(error, FCT_ERROR_CONFLICT, "Start the VM first.", NULL, "The VM is off: it has no console now.");
    virDomainFree(domain);
    return NULL;
}

static FctVmInfo *console_read_domain(virDomainPtr domain, GError **error)
{
    char *xml = virDomainGetXMLDesc(domain, 0);
    FctVmInfo *info = xml ? fct_domain_info(xml, error) : NULL;
    if (!xml)
        fct_virt_set_error(error, "The VM could not be read");
    free(xml);
    return info;
}

static gboolean has_serial(virDomainPtr domain, GError **error)
{
    g_autoptr(FctVmInfo) info = console_read_domain(domain, error);
    if (info && !info->can_serial)
        fct_set_error_full(error, FCT_ERROR_CONFLICT, "Start the VM anew with Facet: from then on it has one.", NULL,
                           "This run of the VM has no serial console that can be opened.");
    return info && info->can_serial;
}

static gboolean open_serial(virConnectPtr conn, gpointer data, GError **error)
{
    Opening *opening = data;
    int pair[2];
    virDomainPtr domain = running_domain(conn, opening->id, error);
    if (!domain)
        return FALSE;
    if (!has_serial(domain, error)) {
        virDomainFree(domain);
        return FALSE;
    }
    virStreamPtr stream = virStreamNew(conn, VIR_STREAM_NONBLOCK);
    int rc = stream ? virDomainOpenConsole(domain, NULL, stream, opening->force ? VIR_DOMAIN_CONSOLE_FORCE : 0) : -1;
    virErrorPtr fault = rc < 0 ? virGetLastError() : NULL;
    if (fault && fault->code == VIR_ERR_OPERATION_FAILED)
        fct_set_error_full(error, FCT_ERROR_IN_USE, "Take it over, or wait until the other viewer has closed it.", NULL,
                           "Somebody else has this console open.");
    else if (rc < 0)
        fct_virt_set_error(error, "The console could not be opened");
    virDomainFree(domain);
    if (rc < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        if (rc >= 0)
            fct_set_error(error, FCT_ERROR_INTERNAL, "No socket for the console: %s.", g_strerror(errno));
        if (stream)
            virStreamFree(stream);
        return FALSE;
    }
    opening->fd = pair[0];
    return bridge_start(stream, pair[1], error);
}

/* The number of the VNC screen: the first one may be SPICE's, whose server waits for the client to speak first. */
static int find_vnc(virDomainPtr domain, GError **error)
{
    g_autoptr(FctVmInfo) info = console_read_domain(domain, error);
    if (info && info->vnc < 0)
        fct_set_error_full(error, FCT_ERROR_CONFLICT,
                           info->other_screen ? "Open it with virt-viewer on the host, or start the VM anew with Facet."
                                              : "Use its serial console.",
                           NULL,
                           info->other_screen ? "The screen of this VM is a SPICE one; Facet shows VNC."
                                              : "This VM has no screen.");
    return info ? info->vnc : -1;
}

static gboolean open_graphics(virConnectPtr conn, gpointer data, GError **error)
{
    Opening *opening = data;
    virDomainPtr domain = running_domain(conn, opening->id, error);
    if (!domain)
        return FALSE;
    int vnc = find_vnc(domain, error);
    if (vnc < 0) {
        virDomainFree(domain);
        return FALSE;
    }
    /*
     * No password: we have checked whoever gets here, and the other end of the socket cannot be reached by anybody
     * else.
     */
    opening->fd = virDomainOpenGraphicsFD(domain, (unsigned int)vnc, VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH);
    if (opening->fd < 0)
        fct_virt_set_error(error, "The screen could not be opened");
    virDomainFree(domain);
    return opening->fd >= 0;
}

static int open_console(FctVmm *vmm, const char *id, const char *key, gboolean force, FctVirtFn fn, GError **error)
{
    g_autoptr(Opening) opening = g_atomic_rc_box_new0(Opening);
    opening->id = g_strdup(id);
    opening->force = force;
    opening->fd = -1;
    if (!fct_virt_call((FctVirt *)vmm, FCT_LANE_STREAM, key, OPEN_MS, fn, opening, opening_clear, error))
        return -1;
    int fd = opening->fd;
    opening->fd = -1;
    return fd;
}

int fct_virt_open_serial(FctVmm *vmm, const char *id, gboolean force, GError **error)
{
    g_autofree char *key = g_strconcat(FCT_VIRT_SERIAL, id, NULL);
    return open_console(vmm, id, key, force, open_serial, error);
}

int fct_virt_open_graphics(FctVmm *vmm, const char *id, GError **error)
{
    return open_console(vmm, id, id, FALSE, open_graphics, error);
}
