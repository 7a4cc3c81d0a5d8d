# SPDX-License-Identifier: Apache-2.0
# Whether KVM works here. That /dev/kvm exists proves nothing: some hosts offer one that hangs or stops every guest. So the
# demonstration kernel is booted once under KVM; the verdict is kept until kernel, QEMU, user or guest change.
# shellcheck shell=bash

# kvm_boots: a guest said hello under KVM within 10 s.
kvm_boots() {
    local log=$LOGS/kvm-guest.log qemu=$LOGS/kvm-qemu.log pid i rc=1
    rm -f "$log" "$qemu"
    timeout -k 1 10 qemu-system-x86_64 -accel kvm -cpu max -M q35 -m 256 -nodefaults -no-user-config -display none -no-reboot \
        -serial "file:$log" -kernel "$IMAGES/vmlinuz" -initrd "$IMAGES/initrd" -append 'console=ttyS0 quiet panic=-1' \
        >"$qemu" 2>&1 </dev/null &
    pid=$!
    for ((i = 0; i < 110; i++)); do
        grep -qs 'Facet demo guest ready' "$log" && { rc=0; break; }
        grep -qs 'KVM internal error' "$qemu" && break
        kill -0 $pid 2>/dev/null || break
        sleep 0.1
    done
    { kill $pid && wait $pid; } 2>/dev/null
    return $rc
}

# kvm_verdict: prints kvm or tcg; what it found out goes to stderr, once and whenever it is found out anew.
kvm_verdict() {
    local file=$CACHE/kvm now known='' verdict=''
    if [ ! -w /dev/kvm ]; then
        [ ! -e /dev/kvm ] || printf 'KVM is there, but %s may not use /dev/kvm: VMs run by emulation (TCG)\n' "$(id -un)" >&2
        printf 'tcg\n'
        return
    fi
    now="$(uname -r) $(id -u) $(stat -c %Y "$(command -v qemu-system-x86_64)" "$IMAGES/vmlinuz" | paste -sd-)"
    if [ -f "$file" ]; then
        { read -r known && read -r verdict; } <"$file"
    fi
    if [ "$known" != "$now" ]; then
        printf 'Trying out KVM with a small guest …\n' >&2
        if kvm_boots; then verdict=kvm; else verdict=tcg; fi
        printf '%s\n%s\n' "$now" "$verdict" >"$file"
    fi
    if [ "$verdict" = kvm ]; then
        printf 'KVM works: VMs run on it\n' >&2
    else
        printf 'KVM is offered here but cannot run a guest: VMs run by emulation (TCG)\n' >&2
    fi
    printf '%s\n' "$verdict"
}
