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

# hash_of PATH…: one hash over names and contents of files and folders, to see whether something changed.
hash_of() {
    find "$@" -type f -not -path '*/node_modules/*' -print0 2>/dev/null | sort -z | xargs -0 sha256sum 2>/dev/null |
        sha256sum | cut -d' ' -f1
}
