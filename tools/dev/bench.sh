# SPDX-License-Identifier: Apache-2.0
# ./dev bench: each executable that Meson knows as a benchmark prints one JSON object a line (name, value, unit and, where there is
# one, peer, peer_value, ratio); lines that are no object are comments and go to stderr.
# shellcheck shell=bash

cmd_bench() {
    local json=no names=() arg
    for arg; do
        case $arg in
        --json) json=yes ;;
        -*) die "bench takes names and --json, not $arg" ;;
        *) names+=("$arg") ;;
        esac
    done
    # With --json nothing but objects goes to stdout.
    exec 3>&1
    [ $json = no ] || exec 1>&2
    need build || exit 1
    build_bench || exit 1
    FACET_TOP=$TOP FACET_BUILD=$TOP/build-bench python3 tools/dev/bench.py "$TOP/build-bench" $json "${names[@]}" >&3
}
