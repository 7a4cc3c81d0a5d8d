# SPDX-License-Identifier: Apache-2.0
# A private libvirtd: libvirtd_start RUN STATE, then LIBVIRT_URI is set; libvirtd_stop. RUN is a folder with a short path
# for its sockets, open to its owner only; STATE keeps what outlives it (definitions of VMs, the cache of what QEMU can do).
# VMs that still run end with it. The caller holds file descriptor 9 as its lease: start other programs with 9>&-.
# shellcheck shell=bash

LIBVIRT_URI=
LIBVIRT_PID=
LIBVIRT_RUN=

# libvirt_elevate COMMAND…: as root, never asking in the background.
libvirt_elevate() {
    if [ "$(id -u)" = 0 ]; then exec "$@"; else exec sudo -n "$@"; fi
}

libvirtd_start() {
    local run=$1 state=$2 uri="qemu+unix:///system?socket=$1/libvirt-sock" here i
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    mkdir -p "$run" "$state"
    chmod 700 "$run"
    rm -f "$run/lease" "$run/libvirt-sock"
    mkfifo -m 600 "$run/lease"
    exec 9<>"$run/lease"
    (libvirt_elevate "$here/libvirtd-root" "$run" "$state" "$(id -u)" "$(id -g)") >"$run/libvirtd.out" 2>&1 </dev/null 9>&- &
    LIBVIRT_PID=$!
    LIBVIRT_RUN=$run
    for ((i = 0; i < 200; i++)); do
        # The socket is there before libvirtd knows whether its drivers work.
        if [ -S "$run/libvirt-sock" ] && timeout 20 virsh -c "$uri" -q uri >/dev/null 2>&1; then
            LIBVIRT_URI=$uri
            return 0
        fi
        kill -0 "$LIBVIRT_PID" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$run/libvirtd.out" >&2
    printf 'libvirtd did not start; its words: %s\n' "$run/libvirtd.out" >&2
    libvirtd_stop
    return 1
}

# libvirtd_stop: gives the lease back and waits until everything in the namespaces is gone.
libvirtd_stop() {
    [ -n "$LIBVIRT_PID" ] || return 0
    local i
    exec 9>&-
    # Not bash's wait: it can miss the end of a child that dies while a trap runs.
    for ((i = 0; i < 400; i++)); do
        kill -0 "$LIBVIRT_PID" 2>/dev/null || break
        sleep 0.05
    done
    rm -f "$LIBVIRT_RUN/lease"
    LIBVIRT_PID=
    LIBVIRT_URI=
}
