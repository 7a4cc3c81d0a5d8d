/* SPDX-License-Identifier: Apache-2.0 */
/* facetd: serves the API and the page, runs plans and tasks. Needs no root; the hardware is behind facet-helper. */
#include "app/app.h"
#include "app/people/account.h"
#include "app/server/server.h"
#include "app/server/tls.h"
#include "bin/log.h"
#include "bin/notify.h"
#include "host/hw_remote.h"
#include "media/iso.h"
#include "store/store_sqlite.h"
#include "virt/libvirt.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define DESCRIPTORS 8192 /* connections, consoles, files: so many at most, if the system allows it */

typedef struct {
    FctConfig config; /* its strings are owned */
    char *socket, *libvirt_uri, *accel, *why_not_kvm, *reset;
    int ready_fd;
    gboolean new_state;
} Options;

static void options_clear(Options *options)
{
    g_free(options->config.state_dir);
    g_free(options->config.ui_dir);
    g_free(options->config.bind);
    g_free(options->config.images_dir);
    g_strfreev(options->config.pool_roots);
    g_free(options->config.disks_dir);
    g_free(options->config.part_device);
    g_free(options->config.node);
    g_strfreev(options->config.names);
    g_strfreev(options->config.proxies);
    g_free(options->socket);
    g_free(options->libvirt_uri);
    g_free(options->accel);
    g_free(options->why_not_kvm);
    g_free(options->reset);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static int usage_error(const char *text)
{
    fprintf(stderr, "facetd: %s\n", text);
    return 2;
}

/* 0, or the exit status. */
static int parse_options(int argc, char **argv, Options *options)
{
    int port = 8006, connections = 0, by_address = 0, patience = 0;
    gboolean version = FALSE;
    const GOptionEntry entries[] = {
        {"socket", 0, 0, G_OPTION_ARG_FILENAME, &options->socket, "Socket of facet-helper", "PATH"},
        {"state", 0, 0, G_OPTION_ARG_FILENAME, &options->config.state_dir, "Where state is kept", "DIR"},
        {"ui", 0, 0, G_OPTION_ARG_FILENAME, &options->config.ui_dir, "The web page's files", "DIR"},
        {"port", 0, 0, G_OPTION_ARG_INT, &port, "TCP port; 0 takes any free one", "N"},
        {"bind", 0, 0, G_OPTION_ARG_STRING, &options->config.bind, "Address to serve at (127.0.0.1)", "ADDR"},
        {"libvirt", 0, 0, G_OPTION_ARG_STRING, &options->libvirt_uri, "libvirt to use", "URI"},
        {"part-device", 0, 0, G_OPTION_ARG_STRING, &options->config.part_device,
         "How a part reaches a VM: vfio, or standin on a simulated host", "KIND"},
        {"images", 0, 0, G_OPTION_ARG_FILENAME, &options->config.images_dir, "Bootable images for VMs", "DIR"},
        {"disks", 0, 0, G_OPTION_ARG_FILENAME, &options->config.disks_dir,
         "Where VMs' disks are made (STATE/disks): the pool \"facet\"", "DIR"},
        {"pool-root", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->config.pool_roots,
         "Storage pools may be in folders of this one; may be given again", "DIR"},
        {"accel", 0, 0, G_OPTION_ARG_STRING, &options->accel, "auto, kvm or tcg", "KIND"},
        {"why-not-kvm", 0, 0, G_OPTION_ARG_STRING, &options->why_not_kvm, "With --accel tcg: what a trial of KVM told",
         "TEXT"},
        {"node", 0, 0, G_OPTION_ARG_STRING, &options->config.node, "Name of this node (the host's)", "NAME"},
        {"new-state", 0, 0, G_OPTION_ARG_NONE, &options->new_state,
         "Put the state that is there aside and begin anew: after a loss, for once", NULL},
        {"name", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->config.names,
         "Another name or address by which browsers reach this host; may be repeated", "NAME"},
        {"trusted-proxy", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->config.proxies,
         "Address or network of a reverse proxy whose X-Forwarded-For is believed; may be repeated", "ADDR"},
        {"connections", 0, 0, G_OPTION_ARG_INT, &connections, "Most connections at once (1024)", "N"},
        {"connections-per-address", 0, 0, G_OPTION_ARG_INT, &by_address, "The same, of one address (256)", "N"},
        {"patience", 0, 0, G_OPTION_ARG_INT, &patience,
         "How long a client may take to greet (10 s); other limits of time follow from it", "SECONDS"},
        {"ready-fd", 0, 0, G_OPTION_ARG_INT, &options->ready_fd, "Write a line here once it serves", "N"},
        {"reset-password", 0, 0, G_OPTION_ARG_STRING, &options->reset,
         "Give USER another password, read from stdin (or made when that is empty), and end; facetd must not run",
         "USER"},
        {"version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version", NULL},
        {NULL},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new("- the Facet daemon");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        return usage_error(error->message);
    if (version) {
        printf("facetd %s\n", FACET_VERSION);
        return -1;
    }
    if (argc > 1 || port < 0 || port > 65535)
        return usage_error(argc > 1 ? "there are too many arguments" : "the port must be 0 to 65535");
    if (options->reset && !options->config.state_dir)
        return usage_error("--reset-password needs --state, the folder that facetd keeps its state in");
    if (!options->reset && (!options->socket || !options->config.state_dir))
        return usage_error("--socket and --state are needed");
    if (connections < 0 || by_address < 0 || patience < 0 || patience > 3600)
        return usage_error("--connections, --connections-per-address and --patience are whole numbers from 1 on");
    options->config.connections = (guint)connections;
    options->config.connections_by_address = (guint)by_address;
    options->config.patience_ms = (guint)patience * 1000;
    options->config.port = (guint16)port;
    return 0;
}

static void set_default(char **option, const char *value)
{
    if (!*option)
        *option = g_strdup(value);
}

static gboolean refuse_state(const char *dir, int why, GError **error)
{
    const char *next = why == EROFS ? "Its disk is mounted read-only, perhaps after a fault: see dmesg, then mount it "
                                      "writable again."
                       : why == EACCES ? "Give the folder to the user that runs facetd."
                       : why == ENOSPC ? "Free some space there."
                                       : NULL;
    return fct_set_error_full(error, why == ENOSPC ? FCT_ERROR_NO_SPACE : FCT_ERROR_INTERNAL, next, NULL,
                              "The folder of Facet's state, %s, cannot be written: %s.", dir, g_strerror(why));
}

/* One facetd a state: the lock lives as long as the process. */
static gboolean lock_state(const char *dir, GError **error)
{
    g_autofree char *path = g_build_filename(dir, "lock", NULL);
    if (g_mkdir_with_parents(dir, 0700) != 0)
        return refuse_state(dir, errno, error);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return refuse_state(dir, errno, error);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return TRUE;
    if (errno == EWOULDBLOCK)
        fct_set_error_full(error, FCT_ERROR_IN_USE, "Stop the other one, or give this one another --state.", NULL,
                           "Another facetd works on %s.", dir);
    else
        refuse_state(dir, errno, error);
    close(fd);
    return FALSE;
}

/* The usual soft limit is low for the sake of programs that use select(). */
static void raise_descriptors(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= DESCRIPTORS)
        return;
    files.rlim_cur = MIN(files.rlim_max, (rlim_t)DESCRIPTORS);
    setrlimit(RLIMIT_NOFILE, &files);
}

static gboolean is_healthy(gpointer app)
{
    return fct_server_healthy(((FctApp *)app)->server);
}

/* ---- the way back in ---- */

/* One line, not echoed on a terminal; "" when there is none. */
static char *read_password(void)
{
    struct termios before;
    char line[FCT_PASSWORD_MAX + 2];
    gboolean terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fprintf(stderr, "New password (Enter makes one): ");
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    gboolean got = fgets(line, sizeof line, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    char *password = g_strdup(got ? g_strchomp(line) : "");
    explicit_bzero(line, sizeof line);
    return password;
}

/* For commands on an existing state: a missing state folder is a mistake, not a new installation. */
static gboolean reset_password(const char *state, const char *user, GError **error)
{
    g_autofree char *path = g_build_filename(state, "facet.db", NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return fct_set_error(error, FCT_ERROR_NOT_FOUND, "There is no %s; --state names the folder of a facetd.", path);
    g_autoptr(GError) fault = NULL;
    if (!lock_state(state, &fault)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&fault), "Stop facetd first. ");
        return FALSE;
    }
    if (sodium_init() < 0)
        return fct_set_error(error, FCT_ERROR_INTERNAL, "libsodium does not start.");
    g_autoptr(FctStore) store = fct_store_sqlite_open(path, error);
    if (!store)
        return FALSE;
    g_autofree char *given = read_password();
    g_autofree char *password = *given ? g_strdup(given) : fct_account_new_password();
    if (!fct_account_reset(store, user, password, error))
        return FALSE;
    if (!*given)
        printf("%s\n", password);
    fprintf(stderr, "The account %s has %s. Its sessions and logins have ended; its API tokens are good still.\n", user,
            *given ? "the given password" : "the password above");
    return TRUE;
}

static gboolean facetd_on_signal(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_CONTINUE;
}

static void say_ready(const Options *options, const FctApp *app)
{
    g_autofree char *line = g_strdup_printf("ready https://%s:%u\n", app->config.bind, fct_server_port(app->server));
    g_message("serving at https://%s:%u", app->config.bind, fct_server_port(app->server));
    if (options->ready_fd >= 0) {
        if (write(options->ready_fd, line, strlen(line)) < 0)
            g_warning("--ready-fd: %s", g_strerror(errno));
        close(options->ready_fd);
    }
}

static FctApp *make_app(const Options *options, GError **error)
{
    g_autofree char *path = g_build_filename(options->config.state_dir, "facet.db", NULL);
    if (!lock_state(options->config.state_dir, error) ||
        (options->new_state && !fct_store_sqlite_begin_anew(path, error)))
        return NULL;
    FctStore *store = fct_store_sqlite_open(path, error);
    if (!store)
        return NULL;
    const FctVmmOptions virt = {.uri = options->libvirt_uri,
                                .accel = options->accel,
                                .why_not_kvm = options->why_not_kvm,
                                .part_device = options->config.part_device};
    FctVmm *vmm = options->libvirt_uri ? fct_vmm_libvirt_new(&virt, error) : NULL;
    if (options->libvirt_uri && !vmm) {
        fct_store_free(store);
        return NULL;
    }
    const FctPorts ports = {fct_hw_remote_new(options->socket), store, vmm, fct_media_isofs_new()};
    return fct_app_new(&options->config, &ports, error);
}

int main(int argc, char **argv)
{
    g_auto(Options) options = {.ready_fd = -1};
    g_autoptr(GError) error = NULL;
    umask(0077);
    fct_log_bound();
    fct_tls_prepare();
    raise_descriptors();
    signal(SIGPIPE, SIG_IGN); /* a client that goes away is an error of that one write, */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow: the store then says that the disk is full */
    int status = parse_options(argc, argv, &options);
    if (status != 0)
        return status < 0 ? 0 : status;
    if (options.reset) {
        reset_password(options.config.state_dir, options.reset, &error);
        if (!error)
            return 0;
        fprintf(stderr, "facetd: %s\n", error->message);
        return fct_error_exit_status(fct_error_code(error));
    }
    set_default(&options.config.ui_dir, "");
    set_default(&options.config.bind, "127.0.0.1");
    set_default(&options.config.images_dir, "");
    if (!options.config.disks_dir)
        options.config.disks_dir = g_build_filename(options.config.state_dir, "disks", NULL);
    set_default(&options.config.part_device, "vfio");
    set_default(&options.accel, "auto");
    set_default(&options.config.node, g_get_host_name());
    /*
     * libvirt's event loop iterates the same context whenever nobody holds it. Then, before our loop runs and after it,
     * requests would arrive on libvirt's thread, and a SIGTERM before the loop would be lost. So we hold the context
     * from here to the end.
     */
    if (!g_main_context_acquire(NULL))
        g_error("another thread has the main context");
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    FctApp *app = make_app(&options, &error);
    if (!app || !fct_app_start(app, &error)) {
        g_autoptr(json_t) told = fct_error_to_json(error);
        fprintf(stderr, "facetd: %s\n%s\n", error->message, fct_json_str(told, "next", ""));
        fct_app_free(app);
        return 1;
    }
    g_unix_signal_add(SIGTERM, facetd_on_signal, loop);
    g_unix_signal_add(SIGINT, facetd_on_signal, loop);
    say_ready(&options, app);
    fct_notify_start(is_healthy, app);
    g_main_loop_run(loop);
    fct_notify_stop();
    fct_app_free(app);
    return 0;
}
