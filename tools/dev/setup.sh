# SPDX-License-Identifier: Apache-2.0
# Packages of the system and builds: everything that has to be there before a verb can do its work. Each function
# finds out first whether there is something to do, so that a second start costs well under a second.
# shellcheck shell=bash

PACKAGES=$TOP/packaging/debian/packages

# The release of Debian, as a number; the newest where it has none (testing) or is not Debian's.
debian_release() {
    local VERSION_ID=''
    # shellcheck disable=SC1091
    [ ! -r /etc/os-release ] || VERSION_ID=$(. /etc/os-release && [ "${ID:-}" = debian ] && printf %s "${VERSION_ID:-}")
    printf '%s\n' "${VERSION_ID:-99}"
}

# packages_of SECTION…: the packages of these sections that are not installed and not made unnecessary.
packages_of() {
    local section='' wanted=" $* " name command release list=() asked=()
    release=$(debian_release)
    while read -r name command; do
        case $name in
        '' | '#'*) continue ;;
        '['*']')
            section=${name#[}
            section=${section%]}
            [ "$release" -ge "${command:-0}" ] || section=
            continue
            ;;
        esac
        [[ $wanted == *" $section "* ]] || continue
        [ -n "$command" ] && have "$command" && continue
        asked+=("$name")
    done <"$PACKAGES"
    [ ${#asked[@]} -gt 0 ] || return 0
    mapfile -t list < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${asked[@]}" 2>/dev/null |
        awk '$2 == "installed" {print $1}')
    comm -23 <(printf '%s\n' "${asked[@]}" | sort -u) <(printf '%s\n' "${list[@]}" | sort -u)
}

# apt_install PACKAGE…, as root. Services that packages bring are not started: a development machine did not ask for
# them, and a container without systemd has no place for them.
apt_install() {
    local policy=/usr/sbin/policy-rc.d ours=no rc=0
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 755 $policy
        ours=yes
    fi
    local apt=(as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -o Dpkg::Use-Pty=0 -o Acquire::Retries=3
               -o DPkg::Lock::Timeout=600) # a fresh machine updates itself at first
    compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null || "${apt[@]}" update || rc=$?
    if [ "$rc" = 0 ]; then
        # Lists that are out of date name versions the mirror no longer has: fetch them and try once more.
        "${apt[@]}" install -y --no-install-recommends "$@" ||
            { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "$@"; } || rc=$?
    fi
    [ $ours = no ] || as_root rm -f $policy
    return $rc
}

# need SECTION…: installs what is missing of these sections.
need() {
    local missing
    if ! have apt-get || ! have dpkg-query; then
        [ -e "$STATE/.told-packages" ] ||
            warn "no apt here: what Facet needs is listed in packaging/debian/packages; going on with what is there"
        touch "$STATE/.told-packages"
        return 0
    fi
    mapfile -t missing < <(packages_of "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || sudo -v || die "these packages are missing and need root to install: ${missing[*]}"
    step apt "Installing ${#missing[@]} Debian packages" apt_install "${missing[@]}"
    hash -r
}

# fuse_ready: the simulated host is a FUSE mount of whoever runs this. Where no udev gave /dev/fuse its usual mode (containers),
# give it that.
fuse_ready() {
    [ -e /dev/fuse ] || as_root modprobe fuse 2>/dev/null || as_root mknod -m 666 /dev/fuse c 10 229 2>/dev/null || true
    [ ! -e /dev/fuse ] || { [ -r /dev/fuse ] && [ -w /dev/fuse ]; } || as_root chmod 666 /dev/fuse
    [ -w /dev/fuse ] || die "the simulated host needs /dev/fuse, which this machine or container does not offer"
}

# meson_setup DIR MESON-OPTION…: sets DIR up once, again when the options changed.
meson_setup() {
    local dir=$1 name
    shift
    name=$(basename "$dir")
    if [ ! -f "$dir/build.ninja" ] || [ "$(cat "$dir/.facet-options" 2>/dev/null)" != "$*" ]; then
        local again=()
        [ ! -f "$dir/meson-private/coredata.dat" ] || again=(--wipe)
        step "$name-setup" "Configuring $name" meson setup "${again[@]}" "$dir" "$TOP" "$@" || return
        printf %s "$*" >"$dir/.facet-options"
    fi
}

# meson_build DIR MESON-OPTION…: sets DIR up and builds it, or only TARGET (words) of it.
meson_build() {
    local dir=$1 name
    name=$(basename "$dir")
    meson_setup "$@" || return
    # A dry run tells whether there is work, so that an unchanged tree prints nothing.
    if ! ninja -C "$dir" -n ${TARGET:-} 2>/dev/null | grep -q 'no work to do'; then
        step "$name" "Building $name" ninja -C "$dir" ${TARGET:-}
    fi
}

build_plain() {
    meson_build "$TOP/build"
}

ASAN_OPTIONS_OF_MESON=("-Db_sanitize=address,undefined" -Db_lundef=false)

build_asan() {
    meson_build "$TOP/build-asan" "${ASAN_OPTIONS_OF_MESON[@]}"
}

# Of gcc, whose runtime is a library of its own: the shim (tests/tsan) has to stand between it and GLib.
build_tsan() {
    CC=gcc meson_build "$TOP/build-tsan" -Db_sanitize=thread -Db_lundef=false -Doptimization=1
}

# Only the fuzzers and what they link.
build_fuzz() {
    CC=clang TARGET=fuzzers meson_build "$TOP/build-fuzz" "${ASAN_OPTIONS_OF_MESON[@]}" -Dc_args=-fsanitize=fuzzer-no-link
}

# Only what the benchmarks run.
build_bench() {
    TARGET=meson-benchmark-prereq meson_build "$TOP/build-bench" --buildtype=release -Doptimization=2
}

# npm_packages DIR: what the lock file names, only when the lock file changed.
npm_packages() {
    local dir=$1 stamp=$1/node_modules/.facet-lock now
    now=$(sha256sum <"$dir/package-lock.json" | cut -d' ' -f1)-$(node --version)
    [ "$(cat "$stamp" 2>/dev/null)" != "$now" ] || return 0
    step "npm-$(basename "$dir")" "Fetching npm packages of ${dir#"$TOP"/}" \
        env PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm --prefix "$dir" ci --no-audit --no-fund --loglevel=error || return
    printf %s "$now" >"$stamp"
}

# build_ui: ui/dist from ui/src and the API description, only when one of them changed.
build_ui() {
    local ui=$TOP/ui now
    [ -f "$ui/package-lock.json" ] || return 0
    npm_packages "$ui" || return
    now=$(cd "$TOP" && find ui api tools/join-openapi src/base/errors.def -type f -not -path '*/node_modules/*' -not -path 'ui/dist/*' \
        -not -path 'ui/src/contract/*generated.ts' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
    [ "$(cat "$ui/dist/.facet-sources" 2>/dev/null)" != "$now" ] || return 0
    step ui "Building the web page" npm --prefix "$ui" run build || return
    printf '%s\n' "$now" >"$ui/dist/.facet-sources"
}
