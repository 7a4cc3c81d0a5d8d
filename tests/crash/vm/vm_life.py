#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The life of VMs with parts: vm_life.py FACETD FACET-HELPER FACET-SIM, under tools/dev/with-libvirtd. Speaks TAP."""
import concurrent.futures
import os
import pathlib
import re
import signal
import sys
import threading
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from stack import ApiError, PATIENCE, Stack, WebSocket, until  # noqa: E402

stack = Stack(*sys.argv[1:4], host="lab")
PROFILE = "3g.40gb"


def a100():
    return next(g for g in stack.call("GET", "/gpus")["items"] if "A100" in g["name"])


def group_of(profile):
    groups = stack.call("GET", "/resource-groups")["items"]
    return next(g for g in groups if g["rules"].get("profile") == profile and "A100" in g["rules"].get("model", ""))


def carve(profiles, **more):
    return stack.call("POST", "/plans", {"kind": "carve", "gpu": a100()["id"], "profiles": profiles, **more})


def apply(plan, **body):
    return stack.done(stack.call("POST", f"/plans/{plan['id']}/apply", body))


def create(name, **more):
    body = {"name": name, "image": "demo", "memory_mib": 256, **more}
    stack.done(stack.call("POST", "/vms", body))
    return stack.vm(name)


def power(name, verb, body=None):
    return stack.done(stack.call("POST", f"/vms/{stack.vm(name)['id']}/{verb}", body or {}))


def parts_of(vm):
    return [p for d in vm["devices"] for p in d["parts"]]


def disk_of(vm):
    return pathlib.Path(vm["disks"][0]["path"])


def shell(serial):
    """Presses Enter until the guest's shell answers."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        serial.send(b"\recho sh''ell\r")
        try:
            serial.read_until(b"shell", 3)
            return
        except (AssertionError, TimeoutError):
            continue
    raise AssertionError("the guest's shell does not answer")


def qemu_of(vm):
    for cmdline in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            args = cmdline.read_bytes().split(b"\0")
        except OSError:
            continue
        if args[0].startswith(b"/usr/bin/qemu-system") and vm["id"].encode() in args:
            return int(cmdline.parent.name)
    raise AssertionError("no QEMU of this VM")


def test_bad_input():
    good = {"name": "x", "image": "demo"}
    for field, change in (("name", {"name": "../x"}), ("name", {"name": "<x>"}), ("image", {"image": "none"}),
                          ("vcpus", {"vcpus": 0}), ("memory_mib", {"memory_mib": 64}), ("disk_gib", {"disk_gib": 0}),
                          ("devices", {"devices": [{"group": "none"}]}), ("colour", {"colour": "red"}),
                          ("optional", {"devices": [{"group": "g", "optional": "yes"}]})):
        problem = stack.refused(400, "POST", "/vms", {**good, **change})
        assert problem["code"] == "bad-request" and problem["details"]["field"] == field, problem
    assert stack.call("GET", "/vms")["items"] == []
    assert not list(stack.state.glob("disks/*"))


def test_start_with_part():
    apply(carve({PROFILE: 1}))
    group = group_of(PROFILE)
    assert group["free"] == 1, group
    vm = create("db-1", devices=[{"group": group["id"]}])
    assert vm["state"] == "off" and vm["ours"] and vm["blocked"] == [], vm
    check = stack.call("GET", f"/vms/{vm['id']}/preflight")
    assert check["can_start"] and check["devices"][0]["part"], check
    assert stack.refused(409, "POST", "/vms", {"name": "db-1", "image": "demo"})["code"] == "exists"
    power("db-1", "start")
    vm = stack.vm("db-1")
    assert vm["state"] == "running" and vm["can_serial"] and vm["can_graphics"], vm
    part, = parts_of(vm)
    assert part["state"] == "in-use" and part["profile"] == PROFILE and vm["devices"][0]["attach"] == "standin", vm
    assert part["id"] == check["devices"][0]["part"]
    assert group_of(PROFILE)["free"] == 0
    xml = stack.virsh("dumpxml", vm["id"])
    assert "simulated GPU" in xml and part["id"] in xml
    assert "pci-testdev" not in stack.virsh("dumpxml", "--inactive", vm["id"])  # a start by virsh takes no part


def test_saved_with_a_part():
    """Its part is anybody's once virsh has saved it: the run is not continued with that, and can be dropped."""
    stack.virsh("managedsave", "db-1")
    until("the part to be free", lambda: group_of(PROFILE)["free"] == 1)
    end = stack.ended(stack.call("POST", "/vms/db-1/continue"))
    assert end["state"] == "failed" and end["error"]["code"] == "refused" and "parts of cards" in end["error"]["message"], end
    assert "shut off" in stack.virsh("domstate", "db-1") and group_of(PROFILE)["free"] == 1
    stack.call("DELETE", "/vms/db-1/saved")
    power("db-1", "start")


def test_serial_console():
    vm = stack.vm("db-1")
    serial = WebSocket(stack, f"/vms/{vm['id']}/console/serial")
    shell(serial)
    serial.send(b"cat /run/greeting\r")
    serial.read_until(b"Facet demo guest ready")
    devices = serial.read_until(b"1b36:0005") + serial.read_until(b"\n")
    assert b"SIMULATED NVIDIA A100" in devices and PROFILE.encode() in devices.splitlines()[-1], devices
    try:
        WebSocket(stack, f"/vms/{vm['id']}/console/serial")
        raise AssertionError("a second viewer got in")
    except ApiError as error:
        assert error.status == 409 and error.code == "in-use", error
    watching = stack.call("GET", f"/vms/{vm['id']}/console")
    assert [v["user"] for v in watching["serial"]] == ["admin (token test)"] and watching["graphics"] == [], watching
    second = WebSocket(stack, f"/vms/{vm['id']}/console/serial?force=true&viewer=second")
    closed = serial.until_closed()
    assert closed.code == 4001 and closed.reason == "admin (token test) took this console over.", closed
    shell(second)
    screens = [WebSocket(stack, f"/vms/{vm['id']}/console/vnc") for _ in range(2)]
    for screen in screens:
        screen.read_until(b"RFB 003.008")
    watching = stack.call("GET", f"/vms/{vm['id']}/console")
    assert [v["viewer"] for v in watching["serial"]] == ["second"] and len(watching["graphics"]) == 2, watching
    for socket in (second, *screens):
        socket.close()
    until("nobody watches", lambda: stack.call("GET", f"/vms/{vm['id']}/console")["graphics"] == [])


def test_console_is_guarded():
    path = f"/vms/{stack.vm('db-1')['id']}/console/serial"
    for status, headers in ((401, {}), (401, {"Authorization": "Bearer wrong"}),
                            (403, {"Cookie": stack.cookie, "Origin": "https://evil.example"})):
        try:
            WebSocket(stack, path, headers)
            raise AssertionError(f"let in with {headers}")
        except ApiError as error:
            assert error.status == status, error


def test_graphics_console():
    screen = WebSocket(stack, f"/vms/{stack.vm('db-1')['id']}/console/vnc")
    screen.read_until(b"RFB 003.008\n")
    screen.close()


def test_no_part_left():
    group = group_of(PROFILE)["id"]
    vm = create("db-2", devices=[{"group": group}])
    assert vm["blocked"], vm
    problem = stack.refused(422, "POST", f"/vms/{vm['id']}/start", {})
    assert problem["code"] == "refused" and "db-1" in str(problem["details"]["verdicts"]), problem
    assert stack.vm("db-2")["state"] == "off" and parts_of(stack.vm("db-2")) == []
    vm = stack.change("PATCH", stack.vm("db-2"), {"devices": [{"group": group, "optional": True}]})
    assert vm["blocked"] == [], vm
    power("db-2", "start")
    assert parts_of(stack.vm("db-2")) == []
    problem = stack.refused(409, "DELETE", f"/vms/{vm['id']}", None, {"If-Match": f'"{stack.vm("db-2")["revision"]}"'})
    assert problem["code"] == "conflict", problem
    power("db-2", "stop", {"force": True})
    assert stack.vm("db-2")["state"] == "off"


def test_held_instance_is_not_carved_away():
    plan = carve({"1g.10gb": 7})
    assert plan["state"] == "refused" and "db-1" in str(plan["verdicts"]) + str(plan["interrupts"]), plan
    stack.refused(422, "POST", f"/plans/{plan['id']}/apply", {})


def test_facetd_killed_while_vm_runs():
    before = parts_of(stack.vm("db-1"))
    stack.kill_facetd()
    stack.start_facetd()
    vm = stack.until_state("db-1", "running")
    after, = parts_of(vm)
    assert after["id"] == before[0]["id"] and after["state"] == "in-use", after
    assert group_of(PROFILE)["free"] == 0
    serial = WebSocket(stack, f"/vms/{vm['id']}/console/serial?force=true")
    shell(serial)
    serial.close()


def test_database_forgot_the_hold():
    """The domain's own metadata says what it holds."""
    stack.kill_facetd()
    import sqlite3
    with sqlite3.connect(stack.state / "facet.db") as db:
        table = db.execute("select name from sqlite_master where sql like '%key%' and type='table'").fetchone()[0]
        assert db.execute(f"delete from {table} where key like 'hold/%'").rowcount == 1
    db.close()
    stack.start_facetd()
    until("the part to be held again", lambda: group_of(PROFILE)["free"] == 0)
    until("the hold to be in use", lambda: [p["state"] for p in parts_of(stack.vm("db-1"))] == ["in-use"])


def test_guest_powers_off():
    serial = WebSocket(stack, f"/vms/{stack.vm('db-1')['id']}/console/serial?force=true")
    shell(serial)
    serial.send(b"poweroff\r")
    closed = serial.until_closed()
    assert closed.code == 4000, closed
    stack.until_state("db-1", "off")
    until("the part to be free", lambda: group_of(PROFILE)["free"] == 1)
    assert any("shut down from inside" in e["text"] for e in stack.call("GET", "/events?limit=20")["items"])


def test_qemu_crashes():
    power("db-1", "start")
    os.kill(qemu_of(stack.vm("db-1")), signal.SIGKILL)
    stack.until_state("db-1", "crashed")
    until("the part to be free", lambda: group_of(PROFILE)["free"] == 1)
    assert any(e["severity"] == "error" and "db-1" in e["text"] for e in stack.call("GET", "/events?limit=20")["items"])


def test_helper_away_keeps_parts():
    """What cannot be looked at stays held: the VM ends while facet-helper is away."""
    power("db-1", "start")
    stack.children["helper"].send_signal(signal.SIGSTOP)
    try:
        os.kill(qemu_of(stack.vm("db-1")), signal.SIGKILL)
        stack.until_state("db-1", "crashed")
        until("the part to be marked", lambda: [p["state"] for p in parts_of(stack.vm("db-1"))] == ["releasing"])
    finally:
        stack.children["helper"].send_signal(signal.SIGCONT)
    until("the part to be free", lambda: group_of(PROFILE)["free"] == 1)


def test_libvirt_away_keeps_parts():
    """The VM ends while libvirt cannot be reached: nothing is released on the word of a connection that is gone."""
    power("db-1", "start")
    vm = stack.vm("db-1")
    stack.proxy.cut()
    try:
        stack.until_state("db-1", "unknown")
        os.kill(qemu_of(vm), signal.SIGKILL)
        problem = stack.refused(422, "POST", f"/vms/{stack.vm('db-2')['id']}/start", {})
        assert problem["code"] == "refused", problem
        assert stack.refused(503, "POST", f"/vms/{vm['id']}/stop", {})["code"] == "libvirt-unavailable"
        time.sleep(3)  # long enough for a release that must not happen
        assert [p["state"] for p in parts_of(stack.vm("db-1"))] == ["in-use"] and group_of(PROFILE)["free"] == 0
    finally:
        stack.proxy.mend()
    stack.until_state("db-1", "crashed")
    until("the part to be free", lambda: group_of(PROFILE)["free"] == 1)


def test_two_want_the_last_part():
    group = group_of(PROFILE)["id"]
    stack.change("PATCH", stack.vm("db-2"), {"devices": [{"group": group}]})
    ids = [stack.vm(name)["id"] for name in ("db-1", "db-2")]
    barrier = threading.Barrier(2)

    def start(vm):
        barrier.wait()
        try:
            return stack.done(stack.call("POST", f"/vms/{vm}/start", {}))["state"]
        except ApiError as error:
            return error.code
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(start, ids))
    assert results == ["done", "refused"], results
    for name in ("db-1", "db-2"):
        if stack.vm(name)["state"] == "running":
            power(name, "stop", {"force": True})
    assert group_of(PROFILE)["free"] == 1


def test_force_ends_a_polite_stop():
    power("db-1", "start")
    vm = stack.vm("db-1")
    polite = stack.call("POST", f"/vms/{vm['id']}/stop", {})  # the firmware does not hear it
    assert stack.vm("db-1")["state"] == "stopping"
    assert stack.refused(409, "POST", f"/vms/{vm['id']}/stop", {})["code"] == "conflict"
    stack.done(stack.call("POST", f"/vms/{vm['id']}/stop", {"force": True}))
    stack.done(polite)
    assert stack.vm("db-1")["state"] == "off" and group_of(PROFILE)["free"] == 1


def test_polite_stop_and_edit():
    power("db-1", "start")
    vm = stack.vm("db-1")
    problem = stack.refused(428, "PATCH", f"/vms/{vm['id']}", {"vcpus": 2})
    assert problem["code"] == "revision-required"
    vm = stack.change("PATCH", vm, {"vcpus": 2, "description": "a <b>test</b>"})
    assert vm["vcpus"] == 2 and len(vm["pending_changes"]) == 1, vm
    stack.refused(409, "PATCH", f"/vms/{vm['id']}", {"name": "db-9"}, {"If-Match": f'"{vm["revision"]}"'})
    serial = WebSocket(stack, f"/vms/{vm['id']}/console/serial?force=true")
    shell(serial)  # so that the guest hears the power button
    serial.close()
    task = power("db-1", "stop")
    assert [s["state"] for s in task["steps"]] == ["done"] * 3, task
    vm = stack.vm("db-1")
    assert vm["state"] == "off" and vm["pending_changes"] == [] and group_of(PROFILE)["free"] == 1, vm
    vm = stack.change("PATCH", vm, {"name": "db-9"})
    assert stack.vm("db-9")["id"] == vm["id"]
    assert "db-9" in stack.virsh("list", "--all", "--name")
    problem = stack.refused(412, "PATCH", f"/vms/{vm['id']}", {"vcpus": 3}, {"If-Match": f'"{vm["revision"] - 1}"'})
    assert problem["code"] == "revision-mismatch", problem


def test_foreign_vm():
    path = stack.dir / "foreign.xml"
    path.write_text("<domain type='qemu'><name>theirs</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
                    "<os><type machine='q35'>hvm</type></os></domain>")
    stack.virsh("define", str(path))
    vm = until("the other's VM", lambda: next((v for v in stack.call("GET", "/vms")["items"] if v["name"] == "theirs"),
                                              None))
    assert vm["ours"] is False and vm["state"] == "off", vm
    for method, rest, body in (("POST", "/start", {}), ("POST", "/stop", {"force": True}), ("PATCH", "", {"vcpus": 2}),
                               ("DELETE", "", None), ("GET", "/console/serial", None)):
        problem = stack.refused(409, method, f"/vms/{vm['id']}{rest}", body, {"If-Match": '"1"'})
        assert "not made by Facet" in problem["message"], problem
    stack.refused(409, "POST", "/vms", {"name": "theirs", "image": "demo"})
    stack.virsh("undefine", "theirs")
    until("it to be gone", lambda: all(v["name"] != "theirs" for v in stack.call("GET", "/vms")["items"]))


def test_killed_while_creating():
    """kill -9 at several moments of making a VM with two disks: it is there whole, or nothing of it."""
    for number, delay in enumerate((0, 0.02, 0.05, 0.1, 0.3, 1)):
        name = f"half-{number}"
        task = stack.call("POST", "/vms", {"name": name, "image": "demo", "disks": [{"size_gib": 1}]})
        time.sleep(delay)
        stack.kill_facetd()
        stack.start_facetd()
        end = stack.ended(task)
        vms = {v["name"]: v for v in stack.call("GET", "/vms")["items"]}
        made = end["state"] == "done"
        assert (name in vms) == made, (end, list(vms))
        wanted = {d["path"] for v in vms.values() for d in v["disks"]}
        # What libvirt had made, and nobody had noted yet as ours, a person decides on.
        half = {v["path"]: v["name"] for v in stack.call("GET", "/volumes?pool=facet")["items"] if v["state"] == "incomplete"}
        assert {str(p) for p in stack.state.glob("disks/*")} - set(half) == wanted, (delay, end, wanted, half)
        for volume in half.values():
            stack.call("DELETE", f"/volumes/facet:{volume}")
        if made:
            assert [d["target"] for d in vms[name]["disks"]] == ["vda", "vdb"], vms[name]["disks"]
            stack.done(stack.change("DELETE", vms[name]))


def test_full_disk_is_told():
    """An image that cannot be copied leaves nothing."""
    (stack.images / "broken.qcow2").write_bytes(b"this is no qcow2")
    (stack.images / "broken.json").write_text('{"name":"b","file":"broken.qcow2","format":"qcow2","size_bytes":1024}')
    end = stack.ended(stack.call("POST", "/vms", {"name": "broken", "image": "broken"}))
    assert end["state"] == "failed" and "nothing is left" in end["outcome"], end
    stack.refused(404, "GET", "/vms/broken")
    assert "broken" not in stack.virsh("list", "--all", "--name")


def disks_of(name):
    return {d["target"]: d for d in stack.vm(name)["disks"]}


def test_hardware_of_a_running_vm():
    """Plugged in, made larger, paused, rebooted, plugged out: what the guest does not let go of leaves later."""
    vm = create("hw", nics=[], start=True)
    disks = f"/vms/{vm['id']}/disks"
    serial = WebSocket(stack, f"/vms/{vm['id']}/console/serial")
    shell(serial)
    stack.done(stack.call("POST", disks, {"size_gib": 1}))
    assert "ua-disk-vdb" in stack.virsh("dumpxml", vm["id"]) and stack.vm("hw")["pending_changes"] == []
    assert "vdb" in stack.virsh("dumpxml", "--inactive", vm["id"])
    path = pathlib.Path(disks_of("hw")["vdb"]["path"])
    assert path.exists() and disks_of("hw")["vdb"]["made"]
    problem = stack.refused(400, "PATCH", f"{disks}/vdb", {"size_gib": 1})
    assert problem["details"]["field"] == "size_gib", problem
    problem = stack.refused(400, "POST", disks, {"size_gib": 60000})
    assert problem["details"]["field"] == "size_gib", problem
    problem = stack.refused(400, "POST", disks, {"size_gib": 1, "pool": "none"})
    assert problem["details"]["field"] == "pool", problem
    holder = disks_of("hw")["vdb"]
    problem = stack.refused(409, "POST", "/vms", {"name": "thief", "volume": {"pool": holder["pool"],
                                                                             "name": holder["volume"]}})
    assert problem["code"] == "in-use" and "hw" in problem["message"], problem
    grown = stack.call("PATCH", f"{disks}/vdb", {"size_gib": 2})
    assert {d["target"]: d["size_gib"] for d in grown["disks"]}["vdb"] == 2 and grown["pending_changes"] == [], grown
    assert str(2 << 30) in stack.virsh("domblkinfo", vm["id"], "vdb")
    power("hw", "pause")
    assert stack.vm("hw")["state"] == "paused"
    power("hw", "resume")
    assert stack.vm("hw")["state"] == "running"
    power("hw", "reboot")
    shell(serial)
    serial.close()
    stack.done(stack.call("POST", disks, {"size_gib": 1, "bus": "sata"}))
    assert stack.vm("hw")["pending_changes"] == ["Disk sda of 1 GiB"], stack.vm("hw")
    end = stack.done(stack.call("DELETE", f"{disks}/vdb"))
    gone = "vdb" not in disks_of("hw")
    assert gone == (not path.exists()) == ("ua-disk-vdb" not in stack.virsh("dumpxml", vm["id"])), end
    assert gone or disks_of("hw")["vdb"]["leaving"], end
    power("hw", "stop", {"force": True})
    power("hw", "start")
    assert set(disks_of("hw")) == {"vda", "sda"} and not path.exists(), disks_of("hw")
    power("hw", "stop", {"force": True})
    stack.done(stack.change("DELETE", stack.vm("hw")))


def test_restart():
    """Off and on as one task: what waits is there then, and a facetd that is killed in the middle goes on with it."""
    vm = create("again", nics=[], start=True)
    serial = WebSocket(stack, f"/vms/{vm['id']}/console/serial")
    shell(serial)
    serial.close()
    stack.done(stack.call("POST", f"/vms/{vm['id']}/disks", {"size_gib": 1, "bus": "sata"}))
    assert stack.vm("again")["pending_changes"] != []
    end = power("again", "restart")
    assert end["kind"] == "vm.restart" and end["outcome"] == "VM again has restarted.", end
    assert stack.vm("again")["state"] == "running" and stack.vm("again")["pending_changes"] == []
    assert "ua-disk-sda" in stack.virsh("dumpxml", vm["id"])
    power("again", "pause")
    problem = stack.refused(409, "POST", f"/vms/{vm['id']}/restart", {})
    assert "paused" in problem["message"], problem
    before = stack.virsh("domid", vm["id"])
    stack.proxy.stop_at("domain-destroy")
    task = stack.call("POST", f"/vms/{vm['id']}/restart", {"force": True})
    assert stack.proxy.stopped.wait(PATIENCE), "nobody asked for the force"
    stack.kill_facetd()
    stack.proxy.cut()
    stack.proxy.mend()
    stack.start_facetd()
    end = stack.ended(task)
    assert end["state"] == "failed" and stack.virsh("domid", vm["id"]) == before, "libvirt never heard of it"
    assert end["outcome"] == "VM again still runs, without what waits for its next start.", end
    task = stack.call("POST", f"/vms/{vm['id']}/restart", {"force": True})
    until("another QEMU, or none", lambda: before not in stack.virsh("list", "--id").split())
    stack.kill_facetd()
    stack.start_facetd()
    assert stack.done(task)["outcome"] == "VM again has restarted."
    assert stack.vm("again")["state"] == "running", "nobody has to start it"
    power("again", "stop", {"force": True})
    problem = stack.refused(409, "POST", f"/vms/{vm['id']}/restart", {})
    assert problem["next"] == "Start it.", problem
    stack.done(stack.change("DELETE", stack.vm("again")))


def test_volumes_and_isos():
    """From a kept volume, which stays; from an ISO with an empty disk; two MAC addresses alike are refused."""
    (stack.dir / "lan.xml").write_text("<network><name>lan</name></network>")
    stack.virsh("net-define", str(stack.dir / "lan.xml"))
    until("the network to be seen", lambda: any(n["name"] == "lan" for n in stack.call("GET", "/networks")["items"]))
    vm = create("donor", nics=[{"network": "lan", "mac": "52:54:00:00:00:77"}])
    disk = vm["disks"][0]
    problem = stack.refused(400, "POST", "/vms", {"name": "twin", "image": "demo",
                                                  "nics": [{"network": "lan", "mac": "52:54:00:00:00:77"}]})
    assert problem["details"]["field"] == "mac", problem
    stack.done(stack.change("DELETE", vm, query="?keep=vda"))
    assert pathlib.Path(disk["path"]).exists()
    body = {"name": "heir", "volume": {"pool": disk["pool"], "name": disk["volume"]}, "nics": []}
    stack.done(stack.call("POST", "/vms", body))
    heir = stack.vm("heir")
    assert not heir["disks"][0]["made"] and heir["disks"][0]["path"] == disk["path"], heir
    stack.done(stack.change("DELETE", heir))
    assert pathlib.Path(disk["path"]).exists()
    pathlib.Path(disk["path"]).unlink()
    for body, field in (({"iso": "none.iso", "disk_gib": 1}, "file"), ({"image": "demo", "iso": "a.iso"}, "image"), ({}, "image"),
                        ({"volume": {"pool": "facet", "name": "none"}}, "volume"),
                        ({"image": "demo", "disks": [{"size_gib": 0}]}, "size_gib"),
                        ({"image": "demo", "disk_gib": 65536}, "disk_gib")):
        problem = stack.refused(400, "POST", "/vms", {"name": "bad", **body})
        assert problem["details"]["field"] == field, (field, problem)
    # Each of two disks would fit into the pool, both do not: the one too many is named.
    whole = next(pool for pool in stack.call("GET", "/pools")["items"] if pool["name"] == "facet")["capacity_bytes"] >> 30
    most = {"size_gib": min(whole * 2 // 3, 65536)}
    problem = stack.refused(400, "POST", "/vms", {"name": "bad", "image": "demo", "disks": [most] * (whole // most["size_gib"] + 1)})
    assert re.fullmatch(r"disks\[\d+\]\.size_gib", problem["details"]["field"]) and "together" in problem["message"], problem
    assert problem["details"]["field"] != "disks[0].size_gib" and not list(stack.state.glob("disks/bad*")), problem
    iso = stack.images / "empty.iso"
    iso.write_bytes(bytes(32769) + b"CD001" + bytes(40000))
    stack.done(stack.call("POST", "/vms", {"name": "install", "iso": "empty.iso", "disk_gib": 1, "nics": []}))
    vm = stack.vm("install")
    assert vm["boot"] == ["disk", "cdrom"] and [c["file"] for c in vm["cdroms"]] == ["empty.iso"], vm
    power("install", "start")
    vm = stack.change("PATCH", stack.vm("install"), {"cdroms": [{"file": ""}], "vcpus": 2, "boot": ["cdrom", "disk"]})
    assert vm["pending_changes"] == ["2 vCPUs instead of 1", "Boots from CD first"], vm
    assert "empty.iso" not in stack.virsh("dumpxml", vm["id"])
    power("install", "stop", {"force": True})
    stack.done(stack.change("DELETE", stack.vm("install")))
    assert not list(stack.state.glob("disks/install*"))


def test_delete():
    vm = stack.vm("db-2")
    stack.done(stack.change("DELETE", vm, query="?keep=vda"))
    assert disk_of(vm).exists()
    disk_of(vm).unlink()
    vm = stack.vm("db-9")
    stack.done(stack.change("DELETE", vm))
    assert not disk_of(vm).exists() and stack.call("GET", "/vms")["items"] == []
    assert stack.virsh("list", "--all", "--name").split() == []
    audit = stack.call("GET", "/audit?limit=100")["items"]
    assert any(a["action"] == "vm.write" and a["outcome"] == "allowed" for a in audit), audit[:3]


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_") and n[5:] in (sys.argv[4:] or [n[5:]])]
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    try:
        stack.start()
        for number, (name, run) in enumerate(tests, 1):
            begin = time.monotonic()
            try:
                run()
                print(f"ok {number} {name[5:]} # {time.monotonic() - begin:.1f} s", flush=True)
            except Exception:  # whatever it is, the next ones are to run
                failed += 1
                print(f"not ok {number} {name[5:]}", flush=True)
                print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    finally:
        if failed or sys.exc_info()[0]:
            for name in ("facetd", "helper"):
                print(f"# {name}: " + stack.log(name).replace("\n", "\n# "), flush=True)
        try:
            stack.stop()
        except AssertionError as fault:
            failed += 1
            print(f"Bail out! {fault}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
