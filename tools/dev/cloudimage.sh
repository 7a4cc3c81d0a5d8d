# SPDX-License-Identifier: Apache-2.0
# A cloud image as distributions publish them: Debian with cloud-init, sshd and the guest agent, which starts from BIOS and UEFI.
# Made from the machine's own apt sources, without loop devices. cloud_image makes cloud.qcow2 and cloud.json in CLOUD
# unless they are there already; it takes two to three minutes.
# shellcheck shell=bash

CLOUD=$CACHE/cloud

cloud_image() {
    local now
    now=$(cat "$TOP"/tools/dev/cloudimage.sh "$TOP"/tools/dev/cloudimage-root | sha256sum | cut -d' ' -f1)
    if [ -f "$CLOUD/cloud.qcow2" ] && [ "$(cat "$CLOUD/.made-from" 2>/dev/null)" = "$now" ]; then
        return 0
    fi
    PATH=$PATH:/usr/sbin have debootstrap || { warn "the cloud image needs debootstrap"; return 1; }
    step cloudimage "Making the cloud image" cloud_build || return
    printf '%s\n' "$now" >"$CLOUD/.made-from"
}

# cloud_mirror: where apt gets Debian from on this machine, and which Debian, as "URI SUITE".
cloud_mirror() {
    local suite
    suite=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-}")
    # shellcheck disable=SC2016 # apt fills these in
    apt-get indextargets --format '$(LABEL) $(COMPONENT) $(ARCHITECTURE) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
        awk -v suite="$suite" '$1 == "Debian" && $2 == "main" && $3 == "amd64" && $5 == suite { print $4, $5; exit }'
}

cloud_build() {
    local work mirror suite rc=0
    read -r mirror suite < <(cloud_mirror)
    [ -n "$suite" ] || { echo "apt has no sources of Debian here"; return 1; }
    mkdir -p "$CLOUD" "$CACHE/debs"
    work=$(mktemp -d /tmp/facet-cloud-XXXXXX) || return
    (
        # Each by itself: beside a || bash does not heed set -e.
        as_root "$TOP/tools/dev/cloudimage-root" "$work" "$CACHE/debs" "$mirror" "$suite" "$(id -u)" &&
            qemu-img convert -c -O qcow2 "$work/disk.raw" "$work/cloud.qcow2" || exit
        printf '{"name":"Debian %s (cloud-init)","file":"cloud.qcow2","format":"qcow2","size_bytes":%s,"console":"serial",%s}\n' \
            "$(cat "$work/version")" "$(stat -c %s "$work/disk.raw")" '"min_memory_mib":384' >"$work/cloud.json" &&
            mv "$work/cloud.qcow2" "$work/cloud.json" "$CLOUD/"
    ) || rc=$?
    as_root rm -rf --one-file-system "$work"
    return $rc
}
