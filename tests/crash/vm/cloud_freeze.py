# SPDX-License-Identifier: Apache-2.0
"""
Snapshots that freeze a real guest's file systems, whatever becomes of the agent, of facetd and of libvirtd meanwhile: the
guest writes again afterwards. The agent runs a hook before it freezes, which waits while /run/hold is there.
"""
import json
import os
import pathlib
import pty
import select
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import live  # noqa: E402
from cloud import LOGIN, NAME, in_guest, stack, tasks, until, volumes  # noqa: E402

HOOK = "#!/bin/sh\\necho hook-$1 >>/run/hook\\nwhile [ $1 = freeze ] && [ -e /run/hold ]; do sleep 1; done\\n"
UNIT = "[Service]\\nExecStart=\\nExecStart=/usr/sbin/qemu-ga --fsfreeze-hook=/etc/fsfreeze-hook\\n"
FOLDER = "/run/systemd/system/qemu-guest-agent.service.d"
SUPERBLOCK = 69632 * 512 + 1024  # of the image's root: tools/dev/cloudimage-root
NEEDS_RECOVERY = 4


def agent(question):
    """The agent's answer, past Facet; None while it does not answer."""
    out = subprocess.run(["virsh", "-q", "-c", stack.uri, "qemu-agent-command", NAME, "--timeout", "10",
                          json.dumps({"execute": question})], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(out.stdout)["return"] if out.returncode == 0 else None


def until_thawed():
    until("the guest to write again", lambda: agent("guest-fsfreeze-status") == "thawed", LOGIN)
    assert "written" in in_guest("sudo sh -c 'echo x >/root/after; sync'; echo writ''ten")


def needs_recovery(path):
    """Whether the root file system in that file was in use: its journal must be replayed."""
    out = subprocess.run(["qemu-io", "-U", "-r", "-f", "qcow2", "-c", f"read -v {SUPERBLOCK + 0x60} 4", path],
                         stdout=subprocess.PIPE, check=True).stdout.decode()
    return bool(int(out.splitlines()[0].split()[1], 16) & NEEDS_RECOVERY)


def hold():
    """From now on freezing does not come to its end."""
    in_guest("sudo sh -c 'rm -f /run/hook; touch /run/hold'")


def until_held():
    until("the agent to begin to freeze", lambda: "hook-freeze" in in_guest("cat /run/hook"), LOGIN)


def begin(name):
    task = stack.call("POST", f"/vms/{NAME}/snapshots", {"name": name, "freeze": True})
    until_held()
    assert stack.call("GET", f"/tasks/{task['id']}")["state"] == "running"
    return task


def snapshots():
    return [s["name"] for s in stack.call("GET", f"/vms/{NAME}/snapshots")["items"]]


def remove(name):
    stack.done(stack.call("DELETE", f"/vms/{NAME}/snapshots/{name}"))


def freeze():
    """Frozen while the disks are switched and not after it: what the snapshot has needs no repair."""
    in_guest(f"printf '{HOOK}' | sudo tee /etc/fsfreeze-hook >/dev/null; sudo chmod +x /etc/fsfreeze-hook")
    in_guest(f"sudo mkdir -p {FOLDER}; printf '{UNIT}' | sudo tee {FOLDER}/hook.conf >/dev/null")
    in_guest("sudo systemctl daemon-reload; sudo systemctl restart qemu-guest-agent")
    until("the agent", lambda: stack.vm(NAME)["guest"]["agent"] == "connected" and agent("guest-ping") == {}, LOGIN)
    disk = stack.vm(NAME)["disks"][0]["path"]
    assert needs_recovery(disk)
    stack.done(stack.call("POST", f"/vms/{NAME}/snapshots", {"name": "frozen", "freeze": True}))
    taken, = stack.call("GET", f"/vms/{NAME}/snapshots")["items"]
    assert taken["frozen"] and not needs_recovery(disk), taken
    said = in_guest("cat /run/hook; sudo journalctl -u qemu-guest-agent | grep -o fsfreeze.called")
    assert said.index("hook-freeze") < said.index("hook-thaw") and "fsfreeze called" in said, said
    until_thawed()
    assert tasks("vm.thaw") == []
    remove("frozen")


def freeze_hangs():
    """The agent takes longer than Facet waits: no snapshot, and when the agent freezes at last, it is thawed."""
    before = volumes()
    hold()
    task = begin("hangs")
    end = stack.ended(task) if stack.call("GET", f"/tasks/{task['id']}")["state"] == "running" else task
    assert end["state"] == "failed" and "as it was" in end["outcome"] and "frozen" in str(end["log"]), end
    assert snapshots() == [] and volumes() == before, volumes()
    thaw, = tasks("vm.thaw")
    assert thaw["state"] == "running", thaw
    in_guest("sudo rm /run/hold")
    stack.done(thaw)
    until_thawed()
    assert "hook-thaw" in in_guest("cat /run/hook")


def freeze_facetd_killed():
    """libvirtd goes on without facetd: whatever it makes of it, the documents say so, and the guest writes."""
    before = volumes()
    hold()
    task = begin("alone")
    stack.kill_facetd()
    stack.start_facetd()
    in_guest("sudo rm /run/hold")
    end = stack.ended(task)
    assert snapshots() == (["alone"] if end["state"] == "done" else []), (end, snapshots())
    print(f"# {end['outcome']}", flush=True)
    until_thawed()
    if end["state"] == "done":
        remove("alone")
    assert len(volumes()) == len(before), (before, volumes())


def console(text):
    """Types it on the guest's serial line while there is no Facet; who typed does not hear whether it was taken."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(["virsh", "-q", "-c", stack.uri, "console", NAME, "--force"], stdin=theirs, stdout=theirs,
                             stderr=theirs)
    os.close(theirs)
    try:
        for _ in range(5):  # what comes before virsh is ready, it throws away
            os.write(ours, f"\r{text}\r".encode())
            while select.select([ours], [], [], 2)[0] and os.read(ours, 4096):
                pass
    except OSError:  # virsh has gone
        pass
    finally:
        child.kill()
        child.wait()
        os.close(ours)


def freeze_both_killed():
    """Nobody is left who could thaw, and the guest freezes: the next start of facetd sees to it."""
    before = volumes()
    hold()
    task = begin("orphan")
    stack.kill_facetd()
    live.kill_libvirtd()
    until("libvirtd", lambda: subprocess.run(["virsh", "-q", "-c", stack.uri, "domstate", NAME], stdout=subprocess.PIPE,
                                             stderr=subprocess.DEVNULL).stdout.strip() == b"running", LOGIN)
    until("the guest to be frozen", lambda: agent("guest-fsfreeze-status") == "frozen" or console("sudo rm -f /run/hold"), LOGIN)
    stack.start_facetd()
    until_thawed()
    end = stack.ended(task)
    assert end["state"] == "failed" and snapshots() == [], end
    until("the files that were made to be gone", lambda: volumes() == before)


CHECKS = [freeze, freeze_hangs, freeze_facetd_killed, freeze_both_killed]
