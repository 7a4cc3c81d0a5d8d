# SPDX-License-Identifier: Apache-2.0
# ./dev fuzz: libFuzzer with AddressSanitizer and UBSan over what reads foreign bytes. Every target is a folder of tests/fuzz with
# its corpus. What the fuzzer learns stays in STATE/fuzz/NAME/found; inputs that crash in STATE/fuzz/NAME/crash.
# shellcheck shell=bash

# fuzz_one NAME SECONDS: fails when the target crashed.
fuzz_one() {
    local name=$1 seconds=$2 log=$LOGS/fuzz-$1.log found=$STATE/fuzz/$1/found crash=$STATE/fuzz/$1/crash
    mkdir -p "$found" "$crash"
    say "fuzz $name for $seconds s …"
    if timeout $((seconds + 120)) "$TOP/build-fuzz/tests/fuzz/fuzz-$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$crash/" "$found" "$TOP/tests/fuzz/$name/corpus" >"$log" 2>&1 </dev/null; then
        awk -v name="$name" '/number_of_executed_units/ {runs = $2} /DONE/ {for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1)}
            END {printf "  %s: %s inputs, %s edges reached, no crash\n", name, runs, cov}' "$log"
        return 0
    fi
    grep -m 5 -E 'ERROR|runtime error|SUMMARY|Test unit written' "$log" || tail -n 20 "$log"
    say "  $name CRASHED; the input is in $crash, the whole log in $log"
    say "  again: build-fuzz/tests/fuzz/fuzz-$name $crash/FILE; once mended, put the input into tests/fuzz/$name/corpus"
    return 1
}

cmd_fuzz() {
    local seconds=60 chosen=() name failed=0
    while [ $# -gt 0 ]; do
        case $1 in
        --seconds) [ $# -gt 1 ] || die "--seconds takes a number"; seconds=$2; shift 2 ;;
        --seconds=*) seconds=${1#*=}; shift ;;
        -*) die "fuzz takes names of targets and --seconds N, not $1" ;;
        *) chosen+=("$1"); shift ;;
        esac
    done
    [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds takes a number, not $seconds"
    [ ${#chosen[@]} -gt 0 ] || mapfile -t chosen < <(cd "$TOP/tests/fuzz" && printf '%s\n' */ | tr -d /)
    for name in "${chosen[@]}"; do
        [ -d "$TOP/tests/fuzz/$name" ] || die "there is no fuzz target $name; there are: $(cd "$TOP/tests/fuzz" && echo */ | tr -d /)"
    done
    need build check || exit 1
    build_fuzz || exit 1
    export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    for name in "${chosen[@]}"; do
        fuzz_one "$name" "$seconds" || failed=$((failed + 1))
    done
    say "$((${#chosen[@]} - failed)) without a crash, $failed crashed"
    [ $failed = 0 ]
}
