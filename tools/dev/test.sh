# SPDX-License-Identifier: Apache-2.0
# ./dev test: everything that Meson knows as a test, then the browser. Tests of suite "plain" run on the ordinary build (they load
# our libraries into programs of others, which a sanitizer would not survive); all others run with ASan and UBSan, and those of
# suite "threads" once more with TSan.
# shellcheck shell=bash

PASSED=0
FAILED=0
SKIPPED=0
AS=() # what test programs run under, if anything

# test_names DIR FILTER…: names Meson is to run, one a line, of those whose "suite / name" contains a filter.
test_names() {
    local dir=$1
    shift
    meson introspect "$dir" --tests | python3 "$TOP/tools/dev/meson_tests.py" list "$@"
}

# run_meson TITLE DIR FILTER… ("!plain" or "plain" first): runs and counts.
run_meson() {
    local title=$1 dir=$2 names=() counts log
    shift 2
    mapfile -t names < <(test_names "$dir" "$@")
    [ ${#names[@]} -gt 0 ] || return 0
    log=$LOGS/$(basename "$dir")-meson-test.log
    say "$title: ${#names[@]} test programs"
    rm -f "$dir/meson-logs/testlog.json"
    # Meson speaks of each program when it ends; that keeps a watcher informed.
    "${AS[@]}" meson test -C "$dir" --no-rebuild --num-processes 2 --timeout-multiplier 6 "${names[@]}" 2>&1 </dev/null |
        tee "$log" | grep -E --line-buffered '^ *[0-9]+/[0-9]+ ' || true
    if ! counts=$(python3 "$TOP/tools/dev/meson_tests.py" count "$dir/meson-logs/testlog.json" "${#names[@]}"); then
        tail -n 30 "$log" >&2
        counts='0 1 0'
    fi
    add_counts "$counts"
}

# add_counts "PASSED FAILED SKIPPED"
add_counts() {
    local p f s
    read -r p f s <<<"$1"
    PASSED=$((PASSED + p))
    FAILED=$((FAILED + f))
    SKIPPED=$((SKIPPED + s))
}

# wanted NAME FILTER…: whether NAME is asked for; "e2e:login" asks for e2e, and there for login only.
wanted() {
    local name=$1 f
    shift
    [ $# -gt 0 ] || return 0
    for f; do [[ $name == *"${f%%:*}"* ]] && return 0; done
    return 1
}

# build_for DIR KIND FILTER…: builds in DIR only what the tests of KIND that match need; nothing when none matches.
build_for() {
    local dir=$1 kind=$2 names=()
    shift 2
    mapfile -t names < <(test_names "$dir" "$kind" "$@")
    [ ${#names[@]} -gt 0 ] || return 0
    TARGET=$(python3 "$TOP/tools/dev/meson_tests.py" needs "$dir" "${names[@]}" | tr '\n' ' ') || return
    [ -z "$TARGET" ] || meson_build "$dir" "${MESON_OPTIONS[@]}"
}

# build_all FILTER…: what the tests that match run; everything without a filter.
build_all() {
    local TARGET='' MESON_OPTIONS=()
    if [ $# = 0 ] || wanted e2e "$@"; then
        build_plain && build_ui || return
    else
        meson_setup "$TOP/build" || return
        build_for "$TOP/build" plain "$@" || return
        ! wanted ui "$@" || build_ui || return
    fi
    MESON_OPTIONS=("${ASAN_OPTIONS_OF_MESON[@]}")
    if [ $# = 0 ]; then
        TARGET='' build_asan
    else
        meson_setup "$TOP/build-asan" "${MESON_OPTIONS[@]}" && build_for "$TOP/build-asan" '!plain' "$@"
    fi
}

# TSan has its shadow at fixed addresses. Kernels that spread memory wider than the runtime of Debian's gcc knows of leave no
# room for it, and it ends at once; without that spreading it runs.
tsan_runs() {
    local probe=$TOP/build-tsan/tests/tsan/races
    [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 28)" -le 28 ] || AS=(setarch -R)
    "${AS[@]}" "$probe" >/dev/null 2>"$LOGS/tsan-probe.log" && return
    warn "the thread sanitizer does not run here: $(tail -n 1 "$LOGS/tsan-probe.log")"
    return 1
}

# run_tsan FILTER…: where threads meet, with the thread sanitizer. "tsan" asks for all of that, "tsan:NAME" for any test that
# is called so. Reports are counted apart from the tests: not every program's exit status is looked at.
run_tsan() {
    local f any=() report reports=()
    for f; do [[ $f != tsan:* ]] || any+=("${f#tsan:}"); done
    [ ${#any[@]} -gt 0 ] || [ -n "$(test_names "$TOP/build-asan" threads "$@")" ] || return 0
    build_tsan || { add_counts '0 1 0'; return; }
    tsan_runs || { add_counts '0 0 1'; AS=(); return; }
    rm -f "$LOGS"/tsan-report.*
    # GLib's own allocator would give one thread's memory to another without TSan seeing it freed.
    local -x G_SLICE=always-malloc
    local -x TSAN_OPTIONS=suppressions=$TOP/tests/tsan/tsan.supp:second_deadlock_stack=1:history_size=4:log_path=$LOGS/tsan-report
    if [ ${#any[@]} -gt 0 ]; then
        run_meson "With the thread sanitizer" "$TOP/build-tsan" '!plain' "${any[@]}"
    else
        run_meson "With the thread sanitizer" "$TOP/build-tsan" threads "$@"
    fi
    AS=()
    for report in "$LOGS"/tsan-report.*; do [ ! -f "$report" ] || reports+=("$report"); done
    [ ${#reports[@]} -gt 0 ] || return 0
    warn "the thread sanitizer reported something in ${#reports[@]} processes: $LOGS/tsan-report.*"
    head -n 60 "${reports[0]}" >&2
    add_counts '0 1 0'
}

run_ui() {
    local log=$LOGS/ui.tap rc=0
    wanted ui "$@" && [ -f "$TOP/ui/package-lock.json" ] || return 0
    say "ui: the web page's own tests"
    (cd "$TOP/ui" && timeout 600 node_modules/.bin/vitest run --reporter=tap-flat --passWithNoTests) >"$log" 2>&1 </dev/null || rc=$?
    add_counts "$(python3 "$TOP/tools/dev/meson_tests.py" tap "$log" "$rc")"
    [ $rc = 0 ] || tail -n 60 "$log" >&2
}

run_e2e() {
    local dir=$TOP/tests/e2e log=$LOGS/e2e.tap rc=0 f parts=()
    wanted e2e "$@" || return 0
    [ -x "$TOP/build/src/bin/facetd" ] || {
        say "e2e: facetd is not built, nothing to look at"
        return 0
    }
    npm_packages "$dir" || { add_counts '0 1 0'; return; }
    say "e2e: the web page in Chromium"
    for f; do [[ $f != e2e:* ]] || parts+=("${f#e2e:}"); done
    timeout 2400 node "$dir/run.mjs" "${parts[@]}" 2>&1 </dev/null | tee "$log" || rc=$?
    add_counts "$(python3 "$TOP/tools/dev/meson_tests.py" tap "$log" "$rc")"
}

cmd_test() {
    local rc=0
    ulimit -c 0
    need build run test && fuse_ready || rc=1
    [ $rc != 0 ] || build_all "$@" || rc=1
    if [ $rc != 0 ]; then
        say "0 passed, 1 failed"
        exit 1
    fi
    # Tests that need libvirt ask for root without a question; this is the one place that may ask.
    [ "$(id -u)" = 0 ] || sudo -v || warn "without sudo the tests that need libvirt are skipped"
    export FACET_TOP=$TOP FACET_BUILD=$TOP/build
    export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=1:detect_stack_use_after_return=0}
    export UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}
    export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$TOP/tools/dev/lsan.supp:print_suppressions=0}
    run_meson "With sanitizers" "$TOP/build-asan" '!plain' "$@"
    run_meson "With programs of others" "$TOP/build" 'plain' "$@"
    run_tsan "$@"
    run_ui "$@"
    run_e2e "$@"
    if [ $((PASSED + FAILED + SKIPPED)) = 0 ]; then
        warn "no test matches: $*"
        exit 2
    fi
    say "$PASSED passed, $FAILED failed$([ $SKIPPED = 0 ] || printf ', %s skipped' $SKIPPED)"
    [ $FAILED = 0 ]
}
