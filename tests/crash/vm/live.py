#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Facet beside virsh, a QEMU that hangs, and libvirtd that is killed: live.py SIM HELPER FACETD, under tools/dev/with-libvirtd. Speaks TAP.
How long a change takes to be seen is printed; no speed is demanded."""
import pathlib
import signal
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import live  # noqa: E402
from live import create, power, qemu_of, until_state, virsh  # noqa: E402

THEIRS = "<domain type='qemu'><name>theirs</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type machine='q35'>hvm</type></os></domain>"


def test_what_virsh_does_is_seen(host):
    stream = live.Stream(host)
    path = pathlib.Path(host.dir) / "theirs.xml"
    path.write_text(THEIRS)
    took = {}
    for args, test in ((("define", str(path)), lambda vm: vm.get("name") == "theirs" and vm["state"] == "off"),
                       (("start", "theirs"), lambda vm: vm.get("name") == "theirs" and vm["state"] == "running"),
                       (("suspend", "theirs"), lambda vm: vm.get("name") == "theirs" and vm["state"] == "paused"),
                       (("destroy", "theirs"), lambda vm: vm.get("name") == "theirs" and vm["state"] == "off"),
                       (("undefine", "theirs"), lambda vm: vm.get("deleted"))):
        since = time.monotonic()
        virsh(*args)
        took[args[0]] = stream.wait_vm(args[0], test, since)
    print("# seen after virsh was started: " + ", ".join(f"{k} {v * 1000:.0f} ms" for k, v in took.items()), flush=True)
    assert all(vm["name"] != "theirs" for vm in host.call("GET", "/vms")["items"])


def test_what_facet_does_is_seen_by_virsh(host):
    vm = create(host, "a")
    assert virsh("domstate", "a") == "shut off"
    power(host, vm, "start")
    assert virsh("domstate", "a") == "running"
    power(host, vm, "stop", {"force": True})
    assert virsh("domstate", "a") == "shut off"


def test_what_others_changed_of_ours_is_put_right_at_its_start(host):
    vm = host.call("GET", "/vms/a")["id"]
    virsh("setmaxmem", "a", "128M", "--config")
    assert "<memory unit='KiB'>131072</memory>" in virsh("dumpxml", "--inactive", "a")
    power(host, vm, "start")
    for flag in ((), ("--inactive",)):
        assert "<memory unit='KiB'>65536</memory>" in virsh("dumpxml", *flag, "a")


def test_a_hung_qemu_hangs_alone(host):
    """The VM "a" runs, and its QEMU answers nobody."""
    hung, other = host.call("GET", "/vms/a")["id"], create(host, "b")
    qemu = qemu_of(hung)
    live.send(qemu, signal.SIGSTOP)
    try:
        polite = host.call("POST", f"/vms/{hung}/stop", {}, 202)  # waits for the monitor
        begin = time.monotonic()
        for _ in range(3):
            power(host, other, "start")
            assert {v["name"]: v["state"] for v in host.call("GET", "/vms?limit=10")["items"]}["b"] == "running"
            assert host.call("GET", f"/vms/{hung}")["state"] in ("running", "stopping")
            power(host, other, "stop", {"force": True})
        print(f"# three starts and stops beside it: {time.monotonic() - begin:.1f} s", flush=True)
        assert host.call("GET", f"/tasks/{polite['id']}")["state"] == "running" or virsh("domstate", "a") == "running"
    finally:
        live.send(qemu, signal.SIGCONT)
    power(host, hung, "stop", {"force": True})
    host.wait_task(polite["id"])


def test_libvirtd_is_killed(host):
    a, b = (host.call("GET", f"/vms/{name}")["id"] for name in "ab")
    power(host, a, "start")
    qemu = qemu_of(a)
    begin = time.monotonic()
    live.kill_libvirtd()
    until_state(host, a, "unknown")
    assert host.call("POST", f"/vms/{b}/start", {})["error"]["code"] in ("refused", "libvirt-unavailable")
    until_state(host, a, "running")
    print(f"# {time.monotonic() - begin:.1f} s from the kill until the VM is seen to run again", flush=True)
    assert qemu_of(a) == qemu
    assert sorted(v["name"] for v in host.call("GET", "/vms")["items"]) == ["a", "b"]
    stream = live.Stream(host)
    since = time.monotonic()
    virsh("destroy", "a")
    stream.wait_vm("the end of a", lambda vm: vm.get("id") == a and vm["state"] == "off", since)
    power(host, b, "start")
    power(host, b, "stop", {"force": True})


def settled(host, end):
    """
    Nothing is left half started. libvirt 9.0 itself may: killed before it knew QEMU's process, it keeps the job of that start through any
    restart. Then Facet has tried to end it, and its task tells the way out, which is one.
    """
    def state():
        return virsh("domstate", "--reason", "a", check=False)
    try:
        host.wait_for(lambda: state().split(" ")[0] in ("running", "shut", "crashed"), "the state of a VM that libvirt settled", 30)
    except AssertionError:
        assert state() == "paused (starting up)" and "state change lock" in virsh("destroy", "a", check=False), state()
        print(f"# libvirt keeps its job: {end['error']}", flush=True)
        assert end["state"] == "failed" and "/run/libvirt/qemu" in end["error"]["next"], end
        live.remove_libvirt_file("qemu/a.xml")
        live.kill_libvirtd()
        host.wait_for(lambda: state().startswith("shut off"), "the end of it")


def test_libvirtd_is_killed_while_a_vm_starts(host):
    """However far it came: the task ends, and says what virsh says."""
    vm = host.call("GET", "/vms/a")["id"]
    for pause in (0, 0.05, 0.15, 0.4):
        task = host.call("POST", f"/vms/{vm}/start", {}, 202)
        time.sleep(pause)
        live.kill_libvirtd()
        end = host.wait_task(task["id"])
        settled(host, end)
        host.wait_for(lambda: host.call("GET", "/nodes")["items"][0]["virt"]["state"] == "up", "libvirt")
        runs = virsh("domstate", "a") == "running"
        print(f"# killed {pause} s after the request: {end['state']}, {end['outcome']} virsh: {'running' if runs else 'off'}", flush=True)
        assert end["state"] in ("done", "failed") and runs == (end["state"] == "done"), end
        # One that was on its way when libvirtd died has crashed, as libvirt says too.
        host.wait_for(lambda: host.call("GET", f"/vms/{vm}")["state"] in (("running",) if runs else ("off", "crashed")), "its state")
        if runs:
            power(host, vm, "stop", {"force": True})


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_")]
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    host = live.open_host(*sys.argv[1:4])
    with host:
        live.ready(host)
        for number, (name, run) in enumerate(tests, 1):
            begin = time.monotonic()
            try:
                run(host)
                print(f"ok {number} {name[5:]} # {time.monotonic() - begin:.1f} s", flush=True)
            except Exception:  # whatever it is, the next ones are to run
                failed += 1
                print(f"not ok {number} {name[5:]}", flush=True)
                print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
        if failed:
            print("# " + host.log().replace("\n", "\n# "), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
