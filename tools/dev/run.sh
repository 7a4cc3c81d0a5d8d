# SPDX-License-Identifier: Apache-2.0
# ./dev run, stop, facet, sim: one instance of Facet for whoever works on it or wants to see it.
# shellcheck shell=bash

SIM=''               # where the simulated host lives; its tree is mounted at $SIM/root
SIM_PID=''
HELPER_PID=''
FACETD_PID=''
PORT=''
HOST=''
GIVEN_PORT=''

# program NAME: where the build put it.
program() {
    local found
    found=$(find "$TOP/build/src" "$TOP/build/sim" -name "$1" -type f -perm -u+x 2>/dev/null | head -n 1)
    [ -n "$found" ] || die "$1 is not built; ./dev run builds it"
    printf '%s\n' "$found"
}

# instance: reads what the running instance wrote about itself; fails when none runs.
instance() {
    [ -f "$RUN/instance" ] || return 1
    . "$RUN/instance"
    running "$INSTANCE_PID"
}

run_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
        --host) [ $# -gt 1 ] || die "--host takes small, lab, hgx, messy, a file, or real"; HOST=$2; shift 2 ;;
        --host=*) HOST=${1#*=}; shift ;;
        --port) [ $# -gt 1 ] || die "--port takes a number"; GIVEN_PORT=$2; shift 2 ;;
        --port=*) GIVEN_PORT=${1#*=}; shift ;;
        *) die "run takes --host NAME and --port N, not $1" ;;
        esac
    done
    case $HOST in
    '' | real | small | lab | hgx | messy) ;;
    *) [ -f "$HOST" ] || die "there is no host \"$HOST\": small, lab, hgx, messy, a JSON file that describes one, or real"
       HOST=$(readlink -f "$HOST") ;;
    esac
    [[ ${GIVEN_PORT:-1} =~ ^[0-9]+$ ]] && [ "${GIVEN_PORT:-1}" -ge 1 ] && [ "${GIVEN_PORT:-1}" -le 65535 ] ||
        die "--port takes a number from 1 to 65535, not $GIVEN_PORT"
}

port_busy() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

choose_port() {
    if [ -n "$GIVEN_PORT" ]; then
        port_busy "$GIVEN_PORT" && die "port $GIVEN_PORT is taken by another program; choose one with --port"
        PORT=$GIVEN_PORT
        return
    fi
    for ((PORT = 8443; PORT < 8543; PORT++)); do
        port_busy "$PORT" || return 0
    done
    die "no free port from 8443 to 8542; choose one with --port"
}

# real_gpu: an NVIDIA display controller is on this very host.
real_gpu() {
    local device
    for device in /sys/bus/pci/devices/*; do
        [ "$(cat "$device/vendor" 2>/dev/null)" = 0x10de ] || continue
        case $(cat "$device/class") in 0x03*) return 0 ;; esac
    done
    return 1
}

# choose_host: HOST is '' for this host's own cards from here on. They may be at work for somebody, so nobody gets them unasked.
choose_host() {
    local answer=''
    if [ -z "$HOST" ] && ! real_gpu; then
        HOST=small
    elif [ -z "$HOST" ] && { [ ! -t 0 ] || [ -n "${CI:-}" ] || [[ $(ps -o stat= -p $$) != *+* ]]; }; then
        warn "this host has an NVIDIA card, which Facet leaves alone: ./dev run --host real uses it"
        HOST=small
    elif [ -z "$HOST" ]; then
        say "This host has an NVIDIA card. Facet would read it, and change what you ask it to on its page."
        read -r -p "Use it? Otherwise Facet shows a simulated host. [y/N] " answer
        [[ $answer == [yY]* ]] || HOST=small
    elif [ "$HOST" = real ]; then
        real_gpu || die "this host has no NVIDIA card; ./dev run starts a simulated host"
        HOST=''
    fi
}

# claim_run_dir: RUN is ours alone, and no other instance of this tree runs. What a killed one left is cleared away.
claim_run_dir() {
    [ -d "$RUN" ] || mkdir -m 700 "$RUN"
    [ -O "$RUN" ] && [ ! -L "$RUN" ] || die "$RUN belongs to someone else"
    exec 8>>"$RUN/lock"
    if ! flock -n 8; then
        ! instance || die "Facet already runs at $INSTANCE_URL; ./dev stop ends it"
        # One that was killed: its children see that and end by themselves.
        flock -w 20 8 || die "something left by an earlier ./dev run still runs; see: fuser -v $RUN/lock"
    fi
    clear_run_dir
}

clear_run_dir() {
    local mount
    while read -r _ mount _; do
        case $mount in "$RUN"/* | "$STATE"/sim/*) fusermount3 -u -z "$mount" 2>/dev/null || as_root umount -l "$mount" ;; esac
    done </proc/self/mounts
    find "$RUN" -mindepth 1 -maxdepth 1 ! -name lock -exec rm -rf {} + 2>/dev/null || as_root rm -rf "${RUN:?}"/*/
}

# Our children get neither the lease of libvirtd (9) nor the lock (8, so that a leftover shows); their group of processes is
# their own, because Ctrl-C is for ./dev, which ends them in order.
start_keep() {
    local name=$1
    shift
    setpriv --pdeathsig TERM setsid "$TOP/tools/dev/keep" "$name" "$LOGS/$name.log" "$@" 9>&- &
}

# The simulated host keeps its state (MIG layouts, counters) from one start to the next, as a real one would, until its
# description or the simulator changes.
start_sim() {
    local sim made i
    sim=$(program facet-sim) || return
    SIM=$STATE/sim/$(basename "$HOST" .json)
    made="$HOST $(cat "$sim" "$TOP"/sim/catalogue/*.json "$TOP"/sim/hosts/*.json "$([ ! -f "$HOST" ] || echo "$HOST")" 2>/dev/null |
        sha256sum | cut -d' ' -f1)"
    say "Starting the simulated host \"$HOST\" …"
    if [ "$(cat "$SIM/.made-from" 2>/dev/null)" != "$made" ]; then
        rm -rf "$SIM"
        mkdir -p "$STATE/sim"
        "$sim" create "$HOST" "$SIM" >"$LOGS/sim.log" 2>&1 || { cat "$LOGS/sim.log" >&2; return 1; }
        printf '%s\n' "$made" >"$SIM/.made-from"
    fi
    : >"$LOGS/sim.log"
    start_keep sim "$sim" --sim-dir "$SIM" fs
    SIM_PID=$!
    for ((i = 0; i < 100; i++)); do
        [ -e "$SIM/root/sys/bus/pci/devices" ] && return 0
        kill -0 $SIM_PID 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$LOGS/sim.log" >&2
    warn "the simulated host did not come up"
    return 1
}

# The helper lives in libvirtd's network namespace: that is the host's network as far as VMs are concerned.
start_helper() {
    local socket=$RUN/helper.sock i helper
    local arguments=(--socket "$socket" --state "$STATE/helper") inside=("$TOP/tools/dev/in-netns" "$RUN/lv/netns")
    [ -z "$HOST" ] || arguments+=(--root "$SIM/root" --nvml "$SIM/lib/libnvidia-ml.so.1")
    helper=$(program facet-helper) || return
    mkdir -p "$STATE/helper"
    : >"$LOGS/helper.log"
    if [ "$(id -u)" = 0 ]; then
        start_keep helper "${inside[@]}" "$helper" "${arguments[@]}"
    else
        # Only its user sees the simulated host; only root has the hardware.
        [ -z "$HOST" ] || inside+=(--as "$(id -u):$(id -g)")
        FACET_KEEP_LEASE=$RUN/lv/lease sudo -n --preserve-env=FACET_KEEP_LEASE "$TOP/tools/dev/keep" helper "$LOGS/helper.log" \
            "${inside[@]}" "$helper" --allow-uid "$(id -u)" "${arguments[@]}" 9>&- &
    fi
    HELPER_PID=$!
    for ((i = 0; i < 100; i++)); do
        [ -S "$socket" ] && return 0
        kill -0 $HELPER_PID 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$LOGS/helper.log" >&2
    warn "facet-helper did not come up"
    return 1
}

start_facetd() {
    local accel=$1 device=standin facetd word i
    facetd=$(program facetd) || return
    local page=()
    [ -n "$HOST" ] || device=vfio
    [ ! -d "$TOP/ui/dist" ] || page=(--ui "$TOP/ui/dist")
    if [ "$accel" = tcg ]; then
        if [ -w /dev/kvm ]; then
            page+=(--why-not-kvm 'KVM is offered here, but a small guest did not run on it.')
        else
            page+=(--why-not-kvm '/dev/kvm is missing or not accessible.')
        fi
    fi
    mkdir -p "$STATE/facetd"
    if [ ! -s "$STATE/password" ]; then
        (umask 077 && head -c 9 /dev/urandom | base64 | tr '/+' 'xy' >"$STATE/password")
        # An account that is there already does not take the password of FACET_ADMIN_PASSWORD, which is for the first start.
        if [ -e "$STATE/facetd/facet.db" ]; then
            "$facetd" --state "$STATE/facetd" --reset-password admin <"$STATE/password" 2>>"$LOGS/run.log" ||
                { tail -n 3 "$LOGS/run.log" >&2; return 1; }
        fi
    fi
    : >"$LOGS/facetd.log"
    mkfifo -m 600 "$RUN/ready"
    exec 7<>"$RUN/ready"
    FACET_ADMIN_PASSWORD=$(cat "$STATE/password") start_keep facetd "$facetd" --socket "$RUN/helper.sock" \
        --state "$STATE/facetd" "${page[@]}" --port "$PORT" --bind 127.0.0.1 --libvirt "$LIBVIRT_URI" \
        --part-device $device --accel "$accel" --images "$STATE/images" --pool-root "$STATE" --pool-root /tmp --ready-fd 7
    FACETD_PID=$!
    for ((i = 0; i < 300; i++)); do
        ! read -r -t 0.2 -u 7 word || return 0
        kill -0 $FACETD_PID 2>/dev/null || break
    done
    tail -n 20 "$LOGS/facetd.log" >&2
    warn "facetd did not come up"
    return 1
}

# own_library: the images of this state; the demonstration guest is put there once for each way it is made, so that one who
# deletes it has it deleted.
own_library() {
    local made=$STATE/images/.demo-made-from file
    mkdir -p "$STATE/images"
    cmp -s "$IMAGES/.made-from" "$made" && return
    for file in demo.qcow2 demo.json; do
        ln -f "$IMAGES/$file" "$STATE/images/$file" 2>/dev/null || cp --reflink=auto "$IMAGES/$file" "$STATE/images/" || return
    done
    cp "$IMAGES/.made-from" "$made"
}

# end_keep PID: keep gives its program ten seconds.
end_keep() {
    kill "$1" 2>/dev/null
    await_end "$1" 15 || { kill -KILL "$1" && warn "process $1 did not end by itself"; } 2>/dev/null
}

# finish: ends everything in the order opposite to the start, and leaves nothing in RUN.
finish() {
    trap '' INT TERM HUP
    trap - EXIT
    [ -z "$FACETD_PID" ] || end_keep "$FACETD_PID"
    [ -z "$HELPER_PID" ] || end_keep "$HELPER_PID"
    libvirtd_stop
    [ -z "$SIM_PID" ] || end_keep "$SIM_PID"
    clear_run_dir
    rm -rf "$RUN"
}

# await_inventory: facetd serves before the first look at the hardware is over; "ready" shall mean that there is something to see.
# Should that take unusually long, the page says so itself.
await_inventory() {
    local i
    for ((i = 0; i < 50; i++)); do
        ! (cmd_facet gpu list) >/dev/null 2>&1 || return 0
        sleep 0.2
    done
}

# tell_missing_drivers: on a host whose packages are not installed by us, libvirt may lack drivers that are packages of their own
# (Debian 13). That is said before anybody clicks.
tell_missing_drivers() {
    local verb package
    while read -r verb package; do
        ! timeout 20 virsh -c "$LIBVIRT_URI" -q "$verb" 2>&1 >/dev/null </dev/null | grep -q 'not supported by the connection driver' ||
            warn "libvirt lacks a driver: install the package $package, then start again"
    done <<'EOF'
pool-list libvirt-daemon-driver-storage
net-list libvirt-daemon-driver-network
iface-list libvirt-daemon-driver-interface
nodedev-list libvirt-daemon-driver-nodedev
secret-list libvirt-daemon-driver-secret
EOF
}

# heed_interrupts ARGS…: a shell starts its background jobs with SIGINT ignored, and bash cannot undo that for itself. Whoever sends
# one to `./dev run &` means it, so run again with the signal as it should be.
heed_interrupts() {
    local ignored
    ignored=$(awk '/^SigIgn:/ {print $2}' /proc/$$/status)
    if (((16#$ignored & 2) != 0)); then
        exec env --default-signal=INT "$TOP/dev" run "$@"
    fi
}

cmd_run() {
    local accel
    heed_interrupts "$@"
    run_arguments "$@"
    choose_host
    need build run || exit 1
    claim_run_dir
    trap 'finish; exit 130' INT
    trap 'finish; exit 143' TERM HUP
    trap finish EXIT
    build_plain || exit 1
    build_ui || exit 1
    demo_image && own_library || exit 1
    accel=$(kvm_verdict)
    choose_port
    [ "$(id -u)" = 0 ] || sudo -v || die "a private libvirtd takes root, through sudo"
    [ -z "$HOST" ] || { fuse_ready && start_sim; } || exit 1
    libvirtd_start "$RUN/lv" "$STATE/libvirt" || exit 1
    tell_missing_drivers
    start_helper || exit 1
    start_facetd "$accel" || exit 1
    {
        printf 'INSTANCE_PID=%s\nINSTANCE_PORT=%s\n' $$ "$PORT"
        printf 'INSTANCE_URL=https://127.0.0.1:%s\nINSTANCE_HOST=%q\nINSTANCE_SIM=%q\n' "$PORT" "$HOST" "$SIM"
    } >"$RUN/instance"
    await_inventory
    say "Facet is ready at https://127.0.0.1:$PORT"
    say "login: admin / $(cat "$STATE/password")"
    # Nothing to do until someone ends us or a part of Facet cannot be kept alive.
    wait -n "$FACETD_PID" "$HELPER_PID" "$LIBVIRT_PID" ${SIM_PID:+"$SIM_PID"}
    warn "a part of Facet ended; the logs are in $LOGS"
    exit 1
}

cmd_stop() {
    instance || { say "Nothing runs."; return 0; }
    kill -TERM "$INSTANCE_PID"
    ! await_end "$INSTANCE_PID" 30 || { say "Stopped."; return 0; }
    warn "it does not end; process $INSTANCE_PID, logs in $LOGS"
    return 1
}

# The first call signs in with the password of the instance and keeps a token for the later ones.
cmd_facet() {
    local facet
    instance || die "no instance runs; ./dev run starts one"
    facet=$(program facet) || exit 1
    export FACET_URL=$INSTANCE_URL FACET_CA=$STATE/facetd/tls/cert.pem FACET_CONFIG=${FACET_CONFIG:-$STATE/cli/config.json}
    if ! grep -qs '"token"' "$FACET_CONFIG" && [ -z "${FACET_TOKEN:-}" ] && [ "${1:-}" != login ] && [ "${1:-}" != logout ]; then
        (umask 077 && mkdir -p "$(dirname "$FACET_CONFIG")")
        "$facet" login "$FACET_URL" --ca "$FACET_CA" <"$STATE/password" >/dev/null || exit
    fi
    cd "$CALLED_IN" || exit
    exec "$facet" "$@"
}

cmd_sim() {
    local sim
    instance || die "no instance runs; ./dev run starts one"
    [ -n "$INSTANCE_HOST" ] || die "the running instance is on this host's own hardware"
    sim=$(program facet-sim) || exit 1
    # A program sees the host in a namespace of its own. Where users may make none (containers, chroots), root makes it for them.
    if [ "${1:-}" = exec ] && [ "$(id -u)" != 0 ] && ! "$sim" --sim-dir "$INSTANCE_SIM" exec -- true 2>/dev/null; then
        shift
        have sudo || die "users may make no namespaces here, and there is no sudo; run ./dev sim exec as root"
        # sudo changes these even when told to keep the environment.
        exec sudo -E env -u SUDO_USER -u SUDO_UID -u SUDO_GID -u SUDO_COMMAND PATH="$PATH" HOME="$HOME" USER="$(id -un)" \
            LOGNAME="$(id -un)" LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}" \
            "$sim" --sim-dir "$INSTANCE_SIM" exec --user "$(id -un)" "$@"
    fi
    exec "$sim" --sim-dir "$INSTANCE_SIM" "$@"
}
