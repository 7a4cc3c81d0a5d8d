# SPDX-License-Identifier: Apache-2.0
# ./dev check: the rules of the house. Each function rule_NAME is one rule: it prints what offends and fails; status 77 means that
# there is nothing here for it to look at. The order is that of cost.
# shellcheck shell=bash

# files PATTERN…: tracked files and new ones that git does not ignore.
files() {
    git -C "$TOP" ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r f; do
        [ ! -f "$f" ] || printf '%s\n' "$f"
    done
}

c_files() {
    files 'src/*.[ch]' 'sim/*.[ch]' 'tests/*.[ch]'
}

rule_spdx() {
    local bad
    bad=$(files '*.c' '*.h' '*.def' '*.sh' '*.py' '*.ts' '*.tsx' '*.js' '*.mjs' '*.css' '*meson.build' dev 'tools/*' |
        grep -v -e '\.json$' -e '\.supp$' -e '\.xml$' | while read -r f; do
        head -n 5 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || printf '%s: no SPDX line in its head\n' "$f"
    done)
    [ -z "$bad" ] || { printf '%s\n' "$bad"; return 1; }
}

# Addresses of registries and paths of one machine would break everyone else's.
rule_addresses() {
    ! git grep --untracked -nIE 'registry\.npmj[s]|registry\.yarn|npm\.pkg\.github|"resolved": *"http|/wor[k]/(wt|main|shared)|/roo[t]/\.' -- . |
        cut -c1-200
}

rule_sizes() {
    c_files | xargs -d '\n' tools/check-sizes && files 'ui/src/*.ts' 'ui/src/*.tsx' 'tools/*' 'tests/*.mjs' dev |
        grep -v '\.json$' | xargs -r -d '\n' tools/check-sizes
}

rule_floors() {
    tools/check-floors
}

rule_openapi() {
    [ -f api/openapi.yaml ] || return 77
    tools/check-openapi api/openapi.yaml
}

rule_json() {
    files '*.json' | while read -r f; do
        case $f in */tsconfig*.json) continue ;; esac # those may hold comments
        python3 -c 'import json,sys; json.load(open(sys.argv[1]))' "$f" || { printf '%s is no JSON\n' "$f"; exit 1; }
    done
}

rule_shell() {
    have shellcheck || return 77
    { files '*.sh' dev .ci/run
        files 'tools/*' 'tests/*' | while read -r f; do
            case $(head -n 1 "$f" | tr -d '\0') in '#!'*sh) printf '%s\n' "$f" ;; esac
        done; } | sort -u | xargs -d '\n' shellcheck -S warning -e SC1090,SC1091,SC2034
}

rule_format() {
    c_files | xargs -r -d '\n' clang-format --dry-run -Werror
}

# compile_with COMPILER: the whole tree with warnings as errors; on failure all of them, without the commands.
compile_with() {
    local dir=$TOP/build-$1
    [ -f "$dir/build.ninja" ] || CC=$1 meson setup "$dir" "$TOP" -Dwerror=true || return
    ninja -k 0 -C "$dir" >"$LOGS/build-$1.log" 2>&1 && return
    grep -E -A 3 '(error|warning):' "$LOGS/build-$1.log" || tail -n 30 "$LOGS/build-$1.log"
    return 1
}

rule_gcc() {
    compile_with gcc
}

rule_clang() {
    compile_with clang
}

# The core has no I/O, clock, randomness or threads: an allow-list of what its objects may ask from outside.
rule_purity() {
    [ -x tools/check-purity ] || return 77
    tools/check-purity "$TOP/build-gcc"
}

# No two files of src/, and no two folders, need each other: by the symbols of their objects.
rule_circles() {
    tools/check-circles "$TOP/build-gcc"
}

rule_tidy() {
    rule_clang >/dev/null || true # for the sources and headers that the build makes
    python3 -c 'import json,os,sys
for e in json.load(open(sys.argv[1])):
    print(os.path.realpath(os.path.join(e["directory"], e["file"])))' "$TOP/build-clang/compile_commands.json" |
        sort -u | grep -F "$TOP/" | grep -v '/build' |
        xargs -r -d '\n' -P 2 -n 4 clang-tidy --quiet -p "$TOP/build-clang" 2>/dev/null
}

ui_ready() {
    [ -f ui/package-lock.json ] || return 77
    npm_packages "$TOP/ui" || return 1
}

rule_ui_lint() {
    ui_ready || return
    npm --prefix ui run lint
}

rule_ui_format() {
    ui_ready || return
    npm --prefix ui run format:check
}

rule_ui_types() {
    ui_ready || return
    npm --prefix ui run typecheck
}

RULES=(spdx addresses sizes floors openapi json shell format gcc clang purity circles ui_lint ui_format ui_types tidy)

cmd_check() {
    local passed=0 failed=0 skipped=0 rule rc log start
    local chosen=("$@")
    [ ${#chosen[@]} -gt 0 ] || chosen=("${RULES[@]}")
    need build check || exit 1
    for rule in "${chosen[@]}"; do
        declare -F "rule_$rule" >/dev/null || die "there is no rule $rule; there are: ${RULES[*]}"
        log=$LOGS/check-$rule.log
        start=$SECONDS
        rc=0
        step "check-$rule" "$rule" "rule_$rule" 2>"$LOGS/check-last.err" || rc=$?
        case $rc in
        0) passed=$((passed + 1)) ;;
        77)
            skipped=$((skipped + 1))
            say "  nothing to look at"
            ;;
        *)
            failed=$((failed + 1))
            head -n 60 "$log"
            say "  $rule FAILED after $((SECONDS - start)) s; whole log: $log"
            ;;
        esac
    done
    say "$passed passed, $failed failed$([ $skipped = 0 ] || printf ', %s skipped' $skipped)"
    [ $failed = 0 ]
}
