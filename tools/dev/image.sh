# SPDX-License-Identifier: Apache-2.0
# The demonstration guest: a bootable disk made of Debian's cloud kernel and busybox, without root and without loop devices.
# demo_image makes CACHE/images/demo.qcow2, demo.json and beside them vmlinuz and initrd, unless they are there already.
# shellcheck shell=bash

IMAGES=$CACHE/images

# Modules of the guest: disks and network cards that libvirt gives, the clock of boot is what each of them costs.
DEMO_MODULES='virtio_pci virtio_blk virtio_net virtio_console virtio_balloon virtio_rng button evdev atkbd i8042 nvme'

# demo_sources: what the image is made of, as one hash; the kernel's package is the newest that apt knows.
demo_kernel_package() {
    apt-cache depends linux-image-cloud-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*-cloud-amd64\)$/\1/p' | head -n 1
}

demo_image() {
    local now
    now=$(cat "$TOP"/tools/dev/image.sh "$TOP"/tools/dev/guest/* | sha256sum | cut -d' ' -f1)
    if [ -f "$IMAGES/demo.qcow2" ] && [ "$(cat "$IMAGES/.made-from" 2>/dev/null)" = "$now" ]; then
        return 0
    fi
    step image "Making the demonstration guest" demo_build || return
    printf '%s\n' "$now" >"$IMAGES/.made-from"
}

# demo_fetch DIR: the kernel, unpacked and not installed.
demo_fetch() {
    local dir=$1 package
    package=$(demo_kernel_package)
    if [ -z "$package" ]; then
        as_root apt-get update || return
        package=$(demo_kernel_package)
    fi
    [ -n "$package" ] || { echo "apt knows no linux-image-cloud-amd64"; return 1; }
    # _apt, under which apt fetches when root runs it, cannot write here; it says so and goes on.
    (cd "$dir" && { apt-get download "$package" || { as_root apt-get update && apt-get download "$package"; }; } &&
        dpkg -x "$package"_*.deb root && { [ -e root/lib ] || ln -s usr/lib root/lib; }) # Debian 13's are below /usr
}

# demo_module FILE ROOT-OF-MODULES TO: as it is loaded. Debian 13 packs them, and the guest has nothing to unpack them with.
demo_module() {
    local file=$1 src=$2 to=$3/${1#"$2"/}
    case $file in
    *.xz)
        mkdir -p "$(dirname "$to")" &&
            python3 -c 'import lzma, sys; open(sys.argv[2], "wb").write(lzma.open(sys.argv[1]).read())' "$file" "${to%.xz}"
        ;;
    *) install -D -m 644 "$file" "$to" ;;
    esac
}

# demo_initrd ROOT OUT: busybox, the modules with what they depend on, and init.
demo_initrd() {
    local root=$1 out=$2 work=$3 version src dst module file name
    version=$(ls "$root/lib/modules")
    [ -n "$version" ] || { echo "the kernel's package has no modules"; return 1; }
    src=$root/lib/modules/$version
    dst=$work/lib/modules/$version
    mkdir -p "$work"/{bin,sbin,proc,sys,dev,run,tmp,root,etc/acpi/PWRF,lib} "$dst"
    cp /bin/busybox "$work/bin/"
    for name in $(/bin/busybox --list); do ln -s busybox "$work/bin/$name" 2>/dev/null || true; done
    PATH=$PATH:/sbin:/usr/sbin
    depmod -b "$root" "$version"
    for module in $DEMO_MODULES; do
        modprobe -d "$root" -S "$version" --show-depends "$module" 2>/dev/null || echo "builtin or absent: $module" >&2
    done | awk '/^insmod/ {print $2}' | sort -u | while read -r file; do
        demo_module "$file" "$src" "$dst"
    done
    [ -n "$(find "$dst" -name 'button.ko')" ] || { echo "the guest would not hear its power button"; return 1; }
    cp "$src"/modules.{builtin,builtin.modinfo,order} "$dst/"
    depmod -b "$work" "$version"
    printf '%s\n' "$DEMO_MODULES" | tr ' ' '\n' >"$work/etc/modules"
    install -m 755 "$TOP/tools/dev/guest/init" "$work/init"
    install -m 755 "$TOP/tools/dev/guest/hello" "$work/bin/hello"
    install -m 644 "$TOP/tools/dev/guest/inittab" "$work/etc/inittab"
    install -m 755 "$TOP/tools/dev/guest/udhcpc" "$work/etc/udhcpc"
    printf '#!/bin/sh\nexec poweroff\n' >"$work/etc/acpi/PWRF/00000080"
    chmod 755 "$work/etc/acpi/PWRF/00000080"
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$work/etc/passwd"
    printf 'root:x:0:\n' >"$work/etc/group"
    printf 'facet-demo\n' >"$work/etc/hostname"
    (cd "$work" && find . -print0 | LC_ALL=C sort -z | cpio --null -o -H newc --quiet --owner=0:0 | gzip -n -6) >"$out"
}

# demo_disk KERNEL INITRD OUT: an MBR, one FAT partition that is as large as need be, syslinux in it.
demo_disk() {
    local kernel=$1 initrd=$2 out=$3 raw=$3.raw size mib mbr
    size=$(($(stat -c %s "$kernel") + $(stat -c %s "$initrd")))
    mib=$((size / 1048576 + 6))
    mbr=$(find /usr/lib/syslinux /usr/share/syslinux -name mbr.bin 2>/dev/null | head -n 1)
    [ -n "$mbr" ] || { echo "no mbr.bin of syslinux"; return 1; }
    rm -f "$raw"
    truncate -s "$((mib + 1))M" "$raw"
    printf 'label: dos\nstart=2048, type=6, bootable\n' | PATH=$PATH:/sbin:/usr/sbin sfdisk -q "$raw" || return
    dd if="$mbr" of="$raw" bs=440 count=1 conv=notrunc status=none
    mformat -i "$raw@@1M" -T "$((mib * 2048))" -h 64 -s 32 -H 2048 -v FACETDEMO :: || return
    printf 'DEFAULT facet\nPROMPT 0\nTIMEOUT 0\nLABEL facet\n KERNEL vmlinuz\n INITRD initrd\n APPEND %s\n' \
        'console=tty0 console=ttyS0,115200 quiet loglevel=3 panic=5 tsc=reliable no_timer_check' >"$out.cfg"
    mcopy -i "$raw@@1M" "$kernel" ::vmlinuz && mcopy -i "$raw@@1M" "$initrd" ::initrd &&
        mcopy -i "$raw@@1M" "$out.cfg" ::syslinux.cfg || return
    MTOOLS_SKIP_CHECK=1 syslinux --install --offset 1048576 "$raw" || return
    qemu-img convert -O qcow2 "$raw" "$out" && rm -f "$raw" "$out.cfg"
}

demo_build() {
    local work
    work=$(mktemp -d /tmp/facet-image-XXXXXX) || return
    mkdir -p "$IMAGES" "$work/initrd"
    (
        # Each by itself: who calls this asks how it ended, and then bash does not heed set -e.
        chmod 755 "$work" && demo_fetch "$work" && demo_initrd "$work/root" "$work/initrd.gz" "$work/initrd" &&
            cp "$work"/root/boot/vmlinuz-* "$work/vmlinuz" &&
            demo_disk "$work/vmlinuz" "$work/initrd.gz" "$work/demo.qcow2" || exit
        printf '{"name":"Facet demo guest","file":"demo.qcow2","format":"qcow2","size_bytes":%s,"console":"serial",%s}\n' \
            "$(qemu-img info --output=json "$work/demo.qcow2" |
                python3 -c 'import json,sys; print(json.load(sys.stdin)["virtual-size"])')" \
            '"min_memory_mib":128,"cloud_init":false' >"$work/demo.json" &&
            mv "$work/vmlinuz" "$IMAGES/vmlinuz" && mv "$work/initrd.gz" "$IMAGES/initrd" &&
            mv "$work/demo.qcow2" "$work/demo.json" "$IMAGES/"
    )
    local rc=$?
    rm -rf "$work"
    return $rc
}
