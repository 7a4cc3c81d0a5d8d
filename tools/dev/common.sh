# SPDX-License-Identifier: Apache-2.0
# What every verb of ./dev needs: where things are, saying what happens, and becoming root.
# Sourced by ./dev and by the scripts in tools/dev; TOP is the root of the repository.
# shellcheck shell=bash

# State that lasts (password, disks, database) is in STATE; what lives only while an instance runs is in RUN, whose
# path is short because a unix socket's may have no more than 107 characters.
STATE=${FACET_DEV_STATE:-$TOP/.dev}
mkdir -p "$STATE"
STATE=$(cd "$STATE" && pwd -P)
CACHE=$TOP/.dev/cache # what can be made again and is the same for all instances: demo image, KVM verdict
LOGS=$STATE/logs
RUN=/tmp/facet-$(id -u)-$(printf %s "$STATE" | sha256sum | cut -c1-8)
mkdir -p "$CACHE" "$LOGS"

say() {
    printf '%s\n' "$*"
}

warn() {
    printf 'dev: %s\n' "$*" >&2
}

die() {
    warn "$*"
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# as_root COMMAND…: as it is for root, through sudo for anyone else.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "this needs root: $* — install sudo or run ./dev as root"
    fi
}

# step NAME TITLE COMMAND…: runs quietly into LOGS/NAME.log; one line at the start, one a half-minute (so that no
# watcher takes it for hung), the end of the log when it fails.
step() {
    local title=$2 log=$LOGS/$1.log beat rc=0
    shift 2
    say "$title …"
    (
        trap 'kill $!; exit 0' TERM
        n=0
        while sleep 30 >/dev/null 2>&1 & wait $!; do
            kill -0 $$ 2>/dev/null || exit 0 # whoever ran us was killed
            n=$((n + 30))
            say "  … $title, $n s so far"
        done
    ) &
    beat=$!
    "$@" >"$log" 2>&1 </dev/null || rc=$?
    { kill "$beat" && wait "$beat"; } 2>/dev/null || true
    if [ "$rc" != 0 ]; then
        tail -n 40 "$log" >&2
        warn "$title failed (status $rc); whole log: $log"
    fi
    return "$rc"
}

# running PID: it exists and is no zombie, which is what a container's first process may leave of an ended one.
running() {
    kill -0 "$1" 2>/dev/null && [ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null)" != Z ]
}

# await_end PID SECONDS: waits until the process is gone, fails when it is not in time. bash's own wait can miss the end of
# a child that dies while a trap runs, and would then wait for ever.
await_end() {
    local i
    for ((i = 0; i < $2 * 20; i++)); do
        running "$1" || return 0
        sleep 0.05
    done
    return 1
}
