#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pools that need more of the host than a folder: LVM on a loop device, NFS from a server on this machine. Each is tried
for real where the kernel and its tools are there, and else skipped, saying what is missing.

usage: with-libvirtd real_pools.py SIM HELPER FACETD FACET
"""
import hashlib
import os
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from facet_host import Host, PATIENCE_S  # noqa: E402

MIB = 1 << 20
URI = os.environ["FACET_TEST_LIBVIRT_URI"]
DIR = os.environ["FACET_TEST_DIR"]


class Missing(Exception):
    """What this machine lacks, for people."""


def need(*programs):
    for program in programs:
        if not shutil.which(program, path=os.environ["PATH"] + ":/sbin:/usr/sbin"):
            raise Missing(f"{program} is not installed")


def run(*arguments, why=None):
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S, check=False,
                          env={**os.environ, "PATH": os.environ["PATH"] + ":/sbin:/usr/sbin"})
    if done.returncode:
        if why:
            raise Missing(f"{why}: {done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.returncode}")
        raise AssertionError((arguments, done.stdout))
    return done.stdout.strip()


def knows_filesystem(name):
    with open("/proc/filesystems", encoding="ascii") as known:
        return any(line.split()[-1] == name for line in known)


def use(host, wish):
    """A pool's whole life: made, filled by an upload whose checksum is compared, read again, emptied, taken out."""
    pool = host.call("POST", "/pools", wish, 201)
    assert pool["state"] == "running" and pool["volumes"] == 0 and pool["free_bytes"] > 0, pool
    try:
        data = random.Random(7).randbytes(5 * MIB)
        told = hashlib.sha256(data).hexdigest()
        host.call("POST", "/volumes", {"pool": wish["name"], "name": "up", "format": "raw", "upload_bytes": len(data), "sha256": told}, 201)
        path = f"/volumes/{wish['name']}:up"
        host.call("PUT", path + "/content", data[:MIB], 200, {"Content-Range": f"bytes 0-{MIB - 1}/{len(data)}"})
        done = host.call("PUT", path + "/content", data[MIB:], 200, {"Content-Range": f"bytes {MIB}-{len(data) - 1}/{len(data)}"})
        assert (done["state"], done["sha256"]) == ("ready", told), done
        task = host.wait_task(host.call("POST", "/volumes", {"pool": wish["name"], "name": "copy", "format": "raw",
                                                             "from": {"pool": wish["name"], "volume": "up"}}, 202)["id"])
        assert task["state"] == "done", task
        for name in ("up", "copy"):
            host.call("DELETE", f"/volumes/{wish['name']}:{name}", None, 204)
        host.call("POST", f"/pools/{wish['name']}/stop", {}, 200)
        host.call("POST", f"/pools/{wish['name']}/start", {}, 200)
    finally:
        host.call("DELETE", f"/pools/{wish['name']}")


def test_lvm(host):
    need("vgcreate", "losetup")
    if not os.path.exists("/dev/mapper/control"):
        raise Missing("the kernel has no device mapper")
    run("dmsetup", "version", why="the kernel's device mapper does not answer")
    disk, group = os.path.join(DIR, "lvm.disk"), f"facettest{os.getpid()}"
    with open(disk, "wb") as file:
        file.truncate(256 * MIB)
    loop = run("losetup", "-f", "--show", disk, why="no loop device")
    try:
        run("vgcreate", "-qq", group, loop, why="no volume group on a loop device")
        try:
            use(host, {"name": "lv", "kind": "lvm", "volume_group": group})
        finally:
            run("vgremove", "-qq", "-f", group)
    finally:
        run("losetup", "-d", loop)


def test_nfs(host):
    need("mount.nfs", "exportfs", "rpc.nfsd")
    if not knows_filesystem("nfs4"):
        subprocess.run(["modprobe", "nfs"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if not knows_filesystem("nfs4"):
        raise Missing("the kernel has no NFS client")
    export, mount = os.path.join(DIR, "export"), os.path.join(DIR, "mounted")
    os.mkdir(export)
    run("rpc.nfsd", "-N3", "2", why="the kernel's NFS server does not start")
    try:
        run("exportfs", "-o", "rw,no_root_squash,insecure,fsid=77,no_subtree_check", f"127.0.0.1:{export}", why="nothing can be exported")
        time.sleep(1)
        try:
            use(host, {"name": "nas", "kind": "nfs", "host": "127.0.0.1", "export": export, "path": mount})
        finally:
            run("exportfs", "-u", f"127.0.0.1:{export}")
    finally:
        run("rpc.nfsd", "0")


def main():
    sim, helper, facetd = sys.argv[1:4]
    tests = [test_lvm, test_nfs]
    print(f"TAP version 13\n1..{len(tests)}", flush=True)
    with Host(sim=sim, helper=helper, facetd=facetd, libvirt=URI, folder=DIR) as host:
        host.login()
        for number, test in enumerate(tests, 1):
            try:
                test(host)
                print(f"ok {number} - {test.__name__}", flush=True)
            except Missing as missing:
                print(f"ok {number} - {test.__name__} # SKIP {missing}", flush=True)


main()
