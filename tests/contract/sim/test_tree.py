#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The host half of the simulator, as a reader and writer of /sys sees it.

test_tree.py FACET-SIM DISTURB: starts hosts of its own in a temporary folder and speaks TAP.
"""
import errno
import json
import os
import pathlib
import pwd
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

SIM, DISTURB = (os.path.abspath(p) for p in sys.argv[1:3])
A100, L40S, VGA = "0000:41:00.0", "0000:61:00.0", "0000:02:00.0"
DEADLINE = 20  # seconds: a bound for what must happen, not an expectation


class Host:
    """A running host in a folder of its own."""

    def __init__(self, kind, work):
        self.dir = tempfile.mkdtemp(dir=work)
        if isinstance(kind, dict):
            with open(os.path.join(self.dir, "own.json"), "w") as file:
                json.dump(kind, file)
            kind = file.name
        self.sim("start", kind)
        self.root = os.path.join(self.dir, "root")
        self.pci = os.path.join(self.root, "sys/bus/pci")

    def sim(self, *args, **kw):
        kw.setdefault("check", True)
        return subprocess.run([SIM, "--sim-dir", self.dir, *args], capture_output=True, text=True, timeout=60, **kw)

    def disturb(self, *args):
        subprocess.run([DISTURB, self.dir, *map(str, args)], check=True, timeout=20)

    def exec(self, *args, **kw):
        return self.sim("exec", "--", *args, **kw)

    def path(self, bdf, name=""):
        return os.path.join(self.pci, "devices", bdf, name)

    def read(self, bdf, name):
        return slurp(self.path(bdf, name)).decode().rstrip("\n")

    def driver(self, bdf):
        try:
            return os.path.basename(os.readlink(self.path(bdf, "driver")))
        except FileNotFoundError:
            return None

    def group(self, bdf):
        return os.path.basename(os.readlink(self.path(bdf, "iommu_group")))

    def members(self, bdf):
        return sorted(os.listdir(self.path(bdf, "iommu_group/devices")))

    def write(self, path, text):
        """Errno name of a write below sys/bus/pci, or None."""
        return put(os.path.join(self.pci, path), text)

    def to(self, bdf, driver):
        """The product's way: override, unbind, probe."""
        self.write(f"devices/{bdf}/driver_override", driver + "\n")
        if self.driver(bdf):
            self.write(f"devices/{bdf}/driver/unbind", bdf)
        return self.write("drivers_probe", bdf)

    def cards(self):
        return json.loads(self.sim("list", "--json").stdout)

    def seqnum(self):
        return int(slurp(os.path.join(self.root, "sys/kernel/uevent_seqnum")))

    def writer(self, path, text):
        """A child that writes and then exits with the errno."""
        program = "import os,sys\ntry: os.write(os.open(sys.argv[1], os.O_WRONLY), sys.argv[2].encode())\n" \
                  "except OSError as e: sys.exit(e.errno)"
        return subprocess.Popen([sys.executable, "-c", program, os.path.join(self.pci, path), text])

    def stop(self):
        self.sim("stop")

    def kill_server(self):
        os.kill(int(slurp(os.path.join(self.dir, "fs.pid"))), signal.SIGKILL)


def slurp(path):
    with open(path, "rb", buffering=0) as f:
        return f.read()


def put(path, text):
    try:
        fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
    except OSError as e:
        return errno.errorcode[e.errno]
    try:
        os.write(fd, text.encode())
    except OSError as e:
        return errno.errorcode[e.errno]
    finally:
        os.close(fd)
    return None


def eventually(condition, what):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "not within the deadline: " + what
        time.sleep(0.02)


def mounted(path):
    return any(path in line for line in open("/proc/self/mounts"))


def equal(got, wanted, what=""):
    assert got == wanted, f"{what}: got {got!r}, wanted {wanted!r}"


# ---- what can be read ----

def lspci_sees_the_host(h):
    out = h.exec("lspci", "-nn").stdout
    assert re.search(r"41:00\.0 3D controller \[0302\]: NVIDIA .* \[10de:20b5\]", out), out
    assert re.search(r"61:00\.1 Audio device", out), out
    tree = h.exec("lspci", "-tv").stdout
    assert "-[41]----00.0  NVIDIA" in tree, tree
    verbose = h.exec("lspci", "-vvv", "-s", "41:00.0").stdout
    for word in ("Single Root I/O Virtualization", "Alternative Routing-ID", "Express (v2) Endpoint", "FLReset+",
                 "Kernel driver in use: nvidia", "Region 1: Memory at"):
        assert word in verbose, (word, verbose)


def lstopo_sees_the_host(h):
    out = h.exec("lstopo", "--of", "console").stdout
    assert "Machine (128GB total)" in out and "PCI 41:00.0 (3D)" in out and 'Block "sda"' in out, out[-600:]
    assert out.count("PU L#") == 32, out.count("PU L#")


def files_agree(h):
    config = slurp(h.path(A100, "config"))
    equal(len(config), 4096, "config size")
    equal(f"0x{config[1]:02x}{config[0]:02x}", h.read(A100, "vendor"))
    equal(f"0x{config[3]:02x}{config[2]:02x}", h.read(A100, "device"))
    equal(config[0x0e] & 0x7f, 0, "header type")
    with open(h.path(A100, "config"), "rb", buffering=0) as f:
        equal(os.pread(f.fileno(), 2, 0x2c), config[0x2c:0x2e], "pread in the middle")
    lines = h.read(A100, "resource").splitlines()
    first, last = (int(x, 16) for x in lines[1].split()[:2])
    equal(last - first + 1, 128 << 30, "BAR 1")
    equal(os.stat(h.path(A100, "resource1")).st_size, 128 << 30)
    assert f"PCI_SLOT_NAME={A100}" in h.read(A100, "uevent") and "DRIVER=nvidia" in h.read(A100, "uevent")
    equal(h.read(A100, "modalias"), "pci:v000010DEd000020B5sv000010DEsd00001533bc03sc02i00")
    equal(h.read(VGA, "boot_vga"), "1")
    equal(os.path.basename(os.path.realpath(h.path(A100, ".."))), "0000:00:01.0", "the port above")
    assert os.path.realpath(h.path(A100, "subsystem")).endswith("/sys/bus/pci")
    assert os.listdir(os.path.join(h.root, "sys/class/drm")), "no DRM card"
    info = slurp(os.path.join(h.root, f"proc/driver/nvidia/gpus/{A100}/information")).decode()
    assert "Device Minor: \t 0" in info and "A100" in info, info
    equal(slurp(os.path.join(h.root, "sys/firmware/acpi/tables/DMAR"))[:4], b"DMAR")
    assert b"simulated" in slurp(os.path.join(h.root, "proc/driver/nvidia/version"))


def devices_have_numbers(h):
    sys = os.path.join(h.root, "sys")
    equal(os.listdir(os.path.join(sys, "class/drm")).count("renderD128"), 1)
    for number, device, name in (("char/226:0", VGA, "card0"), ("char/226:128", A100, "renderD128"),
                                 ("char/226:1", A100, "card1"), ("block/8:1", "0000:00:17.0", "sda1")):
        path = os.path.realpath(os.path.join(sys, "dev", number))
        assert f"/{device}/" in path and path.endswith("/" + name), (number, path)
        equal(slurp(os.path.join(path, "dev")).decode().strip(), number.split("/")[1])
    equal(os.listdir(h.path(VGA, "drm")).count("renderD128"), 0, "a display that only scans out")
    equal(h.to(L40S, "vfio-pci"), None)
    assert not os.path.exists(os.path.join(sys, "dev/char/226:129")), "the number of a card that left its driver"
    equal(h.to(L40S, "nvidia"), None)
    assert os.path.exists(os.path.join(sys, "dev/char/226:129"))
    fields = {line.split(":")[0]: int(line.split()[1]) for line in h.exec("cat", "/proc/meminfo").stdout.splitlines()}
    cache = sum(fields[name] for name in ("Buffers", "Cached", "SReclaimable"))
    assert abs(fields["MemAvailable"] - fields["MemFree"] - cache) < 8, fields
    equal(slurp(os.path.join(sys, "class/net/eno1/speed")), b"1000\n", "which libvirt wants, or shows no interface")
    # virt-host-validate tells by the number of links whether there are any groups.
    groups = os.path.join(sys, "kernel/iommu_groups")
    equal(os.stat(groups).st_nlink, 2 + len(os.listdir(groups)))


def sysfs_is_no_disk(h):
    for call in (lambda: os.mkdir(h.path(A100, "new")), lambda: os.unlink(h.path(A100, "vendor")),
                 lambda: open(h.path(A100, "new"), "w")):
        try:
            call()
        except PermissionError:
            continue
        raise AssertionError("sysfs let itself be changed")
    shell = subprocess.run(["sh", "-c", f"echo vfio-pci > {h.path(A100, 'driver_override')}"])
    equal(shell.returncode, 0, "a shell's >")
    equal(h.read(A100, "driver_override"), "vfio-pci")
    equal(h.write(f"devices/{A100}/driver_override", "\n"), None)
    equal(h.read(A100, "driver_override"), "(null)")


# ---- binding ----

def a_card_moves_to_vfio_and_back(h):
    before = h.seqnum()
    equal(h.to(A100, "vfio-pci"), None)
    equal(h.driver(A100), "vfio-pci")
    equal(h.cards()["gpus"][0]["driver"], "vfio-pci", "what NVML's side knows")
    assert h.seqnum() > before, "no uevent"
    group = h.group(A100)
    assert os.path.exists(os.path.join(h.root, "dev/vfio", group))
    assert not os.path.exists(os.path.join(h.root, "dev/nvidia0"))
    assert os.path.islink(os.path.join(h.pci, "drivers/vfio-pci", A100))
    equal(h.to(A100, ""), None)
    equal(h.driver(A100), "nvidia")
    assert not os.path.exists(os.path.join(h.root, "dev/vfio", group))
    assert os.path.exists(os.path.join(h.root, "dev/nvidia0"))


def errnos_are_the_kernels(h):
    equal(h.write("drivers/vfio-pci/bind", A100), "ENODEV", "bind without override")
    equal(h.write("drivers/nvidia/bind", A100), "EBUSY", "bind what is bound")
    equal(h.write("drivers/vfio-pci/unbind", A100), "ENODEV", "unbind of another driver")
    equal(h.write("drivers_probe", "0000:ff:00.0"), "ENODEV", "probe of nothing")
    equal(h.write("drivers_probe", A100), None, "probe of what is bound")
    equal(h.write(f"devices/{A100}/reset_method", "magic"), "EINVAL")
    equal(h.write(f"devices/{A100}/reset", "0"), "EINVAL")
    equal(h.write(f"devices/{A100}/reset_method", "\n"), None)
    equal(h.write(f"devices/{A100}/reset", "1"), "ENOTTY", "reset without a method")
    equal(h.write(f"devices/{A100}/reset_method", "default"), None)
    equal(h.write(f"devices/{A100}/reset", "1"), None)
    equal(h.write(f"devices/{A100}/power/control", "maybe"), "EINVAL")
    equal(h.write(f"devices/{A100}/numa_node", "9"), "EINVAL")
    equal(h.write("drivers/vfio-pci/new_id", "10de"), "EINVAL")
    equal(h.write("drivers/vfio-pci/remove_id", "10de 20b5"), "ENODEV")


def nvml_follows_the_driver(h):
    """In a process of its own for each look, as a client that starts then."""
    def count():
        return h.exec(DISTURB, h.dir, "count").stdout
    equal(count(), "2\n")
    h.to(A100, "vfio-pci")
    equal(count(), "1\n", "one is on vfio-pci")
    h.to(A100, "")
    equal(count(), "2\n")


def an_nvml_client_holds_every_card(h):
    client = subprocess.Popen([SIM, "--sim-dir", h.dir, "exec", "--", DISTURB, h.dir, "client"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    equal(client.stdout.readline(), b"2\n")
    fds = os.path.join(h.root, "proc", str(client.pid), "fd")
    links = {os.readlink(os.path.join(fds, fd)) for fd in os.listdir(fds)}
    assert {"/dev/nvidia0", "/dev/nvidia1", "/dev/nvidiactl"} <= links, links
    client.communicate()
    equal(h.to(A100, "vfio-pci"), None, "once the client is gone")
    h.to(A100, "")


def a_holder_ends_with_its_host(h):
    pid = int(h.sim("hold", "1").stdout)
    child = h.writer(f"devices/{L40S}/driver/unbind", L40S)
    eventually(lambda: h.driver(L40S) is None, "the link goes")
    h.stop()
    child.wait(DEADLINE)
    assert not os.path.exists(f"/proc/{pid}/exe"), "the holder is still there"  # a zombie has none
    h.sim("start")


def a_group_opens_once(h):
    h.to(A100, "vfio-pci")
    node = os.path.join(h.root, "dev/vfio", h.group(A100))
    fd = os.open(node, os.O_RDWR)
    equal(put(node, ""), "EBUSY", "second open")
    child = h.writer(f"devices/{A100}/driver/unbind", A100)
    eventually(lambda: h.driver(A100) is None, "the link goes before the driver lets go")
    assert child.poll() is None, "unbind returned while the group is open"
    os.close(fd)
    equal(child.wait(DEADLINE), 0, "unbind after the close")
    h.to(A100, "")
    equal(h.driver(A100), "nvidia")


def remove_and_rescan(h):
    equal(h.write(f"devices/{A100}/remove", "1"), None)
    assert not os.path.exists(h.path(A100))
    equal(h.cards()["gpus"][0]["driver"], "", "removed")
    equal(h.write("rescan", "1"), None)
    equal(h.driver(A100), "nvidia")
    port = os.path.basename(os.path.realpath(h.path(A100, "..")))
    equal(h.write(f"devices/{port}/remove", "1"), None)
    assert not os.path.exists(h.path(A100)) and not os.path.exists(h.path(port))
    equal(h.write("rescan", "1"), None)
    equal(h.driver(A100), "nvidia", "after its port came back")


def sriov(h):
    equal(h.write(f"devices/{A100}/sriov_numvfs", "2"), "ENOENT", "nvidia has no sriov_configure")
    h.to(A100, "vfio-pci")
    equal(h.write(f"devices/{A100}/sriov_numvfs", "2"), "ENOENT", "vfio-pci")
    h.to(A100, "pci-pf-stub")
    equal(h.write(f"devices/{A100}/sriov_numvfs", "21"), "ERANGE")
    equal(h.write(f"devices/{A100}/sriov_drivers_autoprobe", "0"), None)
    equal(h.write(f"devices/{A100}/sriov_numvfs", "2"), None)
    equal(h.write(f"devices/{A100}/sriov_numvfs", "4"), "EBUSY", "2 to 4")
    vfs = [os.path.basename(os.readlink(h.path(A100, f"virtfn{i}"))) for i in range(2)]
    equal(vfs, ["0000:41:00.4", "0000:41:00.5"])
    for vf in vfs:
        equal(os.path.basename(os.readlink(h.path(vf, "physfn"))), A100)
        equal(h.members(vf), [vf], "a group of its own")
        equal(h.driver(vf), None, "autoprobe is off")
        equal(h.read(vf, "vendor"), "0x10de")
    h.to(vfs[0], "vfio-pci")
    equal(h.driver(vfs[0]), "vfio-pci")
    equal(h.write(f"devices/{A100}/sriov_numvfs", "0"), None)
    assert not os.path.exists(h.path(vfs[0])) and not os.path.lexists(h.path(A100, "virtfn0"))
    h.to(A100, "")


# ---- what goes wrong ----

def unbind_of_a_held_card_never_returns(h):
    holder = subprocess.Popen(["sleep", "600"])
    try:
        h.disturb("hold", 1, holder.pid)
        fds = os.path.join(h.root, "proc", str(holder.pid), "fd")
        links = [os.readlink(os.path.join(fds, fd)) for fd in os.listdir(fds)]
        assert "/dev/nvidia1" in links and "/dev/nvidia0" not in links, links
        equal(slurp(os.path.join(h.root, "proc", str(holder.pid), "comm")), b"sleep\n")
        child = h.writer(f"devices/{L40S}/driver/unbind", L40S)
        eventually(lambda: h.driver(L40S) is None, "the link goes")
        equal(h.cards()["gpus"][1]["driver"], "", "the driver takes it off its list first")
        told = f"NVRM: Attempting to remove device {L40S} with non-zero usage count!"
        assert told in kernel_log(h), "the kernel's log tells of it"
        queued = h.writer(f"devices/{L40S}/driver_override", "vfio-pci")
        child.send_signal(signal.SIGKILL)
        # The rest of the host goes on: also the same file, for another card.
        equal(h.to(A100, "vfio-pci"), None)
        equal(h.to(A100, ""), None)
        holder.kill()
        holder.wait()
        equal(h.read(L40S, "vendor"), "0x10de", "reading goes on")
        assert child.poll() is None and queued.poll() is None, "returned although the card is wedged"
        boot = slurp(os.path.join(h.root, "proc/sys/kernel/random/boot_id"))
        h.disturb("reboot")
        assert slurp(os.path.join(h.root, "proc/sys/kernel/random/boot_id")) != boot, "the same boot id"
        child.wait(DEADLINE)
        queued.wait(DEADLINE)
        equal(h.driver(L40S), "nvidia", "after the reboot")
        assert told not in kernel_log(h), "another boot, another log"
    finally:
        holder.kill()


def kernel_log(h):
    return slurp(os.path.join(h.root, "dev/kmsg")).decode()


def xids_are_written_in_the_drivers_words(h):
    """All forms of reference/monitoring.md section 1; the records are those of /dev/kmsg."""
    forms = [
        (["xid", "0", "79"], "NVRM: Xid (PCI:0000:41:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."),
        (["xid", "1", "31", "--pid", "4711", "--name", "my [train]: x", "--text", "MMU Fault: a, b"],
         "NVRM: Xid (PCI:0000:61:00): 31, pid=4711, name=my [train]: x, MMU Fault: a, b"),
        (["xid", "0", "45", "--pid", "7", "--name", "a", "--text", "Ch 00000008", "--caused-by", "31"],
         "NVRM: Xid (PCI:0000:41:00): 45, pid=7, name=a, Ch 00000008 caused by previous Xid 31"),
        (["xid", "0", "92", "--no-process", "--text", "T"], "NVRM: Xid (PCI:0000:41:00): 92, T"),
        (["xid", "0", "43", "--gi", "3", "--text", "T", "--no-process"], "NVRM: Xid (PCI:0000:41:00 GPU-I:03): 43, T"),
        (["xid", "0", "94", "--gi", "11", "--ci", "2", "--no-process"],
         "NVRM: Xid (PCI:0000:41:00 GPU-I:11 GPU-CI:02): 94, Contained: SM (0x1). RST: No, D-RST: No"),
        (["xid", "0", "154"],
         "NVRM: Xid (PCI:0000:41:00): 154, GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)"),
    ]
    for args, line in forms:
        h.sim("inject", *args)
        last = kernel_log(h).splitlines()[-1]
        head, text = last.split(";", 1)
        equal(text, line)
        assert re.fullmatch(r"4,\d+,\d+,-", head), head
    numbers = [int(line.split(",")[1]) for line in kernel_log(h).splitlines()]
    equal(numbers, sorted(set(numbers)), "each record has a number of its own")
    assert "no NVSwitch" in h.sim("inject", "sxid", "0", "20034", check=False).stderr


def sxids_of_switches(h):
    h.sim("inject", "sxid", "1", "20034", "--text", "Fatal, Link 30 LTSSM Fault Up")
    last = kernel_log(h).splitlines()[-1].split(";", 1)[1]
    assert re.fullmatch(r"nvidia-PCI(0000:[0-9a-f]{2}:00\.0): SXid \(PCI:\1\): 20034, Fatal, Link 30 LTSSM Fault Up", last), last


def an_open_node_holds_its_card(h):
    fd = os.open(os.path.join(h.root, "dev/nvidia1"), os.O_RDWR)
    fds = os.path.join(h.root, "proc", str(os.getpid()), "fd")
    equal(os.readlink(os.path.join(fds, str(fd))), "/dev/nvidia1")
    child = h.writer(f"devices/{L40S}/driver/unbind", L40S)
    eventually(lambda: h.driver(L40S) is None, "the link goes")
    os.close(fd)
    assert child.poll() is None
    h.disturb("reboot")
    child.wait(DEADLINE)


def injected_faults(h):
    override = f"devices/{A100}/driver_override"
    h.disturb("fault", f"sys/bus/pci/{override}", "write", "fail", errno.EIO, 0, 2)
    equal([h.write(override, "\n") for _ in range(3)], ["EIO", "EIO", None], "fails twice")
    h.disturb("fault", f"*/{A100}/driver/unbind", "write", "fail", errno.EPERM, 0, 1)
    equal(h.write(f"devices/{L40S}/power/control", "on"), None, "another file")
    equal(h.write(f"drivers/nvidia/unbind", A100), "EPERM", "by the device's name for it")
    h.disturb("fault", f"*/{A100}/vendor", "read", "fail", errno.EIO, 0, 1)
    try:
        h.read(A100, "vendor")
        raise AssertionError("the read did not fail")
    except OSError as e:
        equal(e.errno, errno.EIO)
    equal(h.read(A100, "vendor"), "0x10de")
    h.disturb("fault", f"*/{A100}/driver_override", "write", "late", 0, 700, 1)
    start = time.monotonic()
    equal(h.write(override, "pci-stub\n"), None)
    assert time.monotonic() - start >= 0.7, "not late"
    equal(h.read(A100, "driver_override"), "pci-stub", "late, but done")
    equal(h.write(override, "\n"), None)
    h.sim("inject", "tree", f"*/{A100}/reset", "hang", "--op", "write")
    child = h.writer(f"devices/{A100}/reset", "1")
    eventually(lambda: waits(child), "the writer waits in the kernel")
    equal(h.write(f"devices/{A100}/reset", "1"), None, "only once")
    assert child.poll() is None
    h.disturb("reboot")
    equal(child.wait(DEADLINE), errno.EIO)


def waits(child):
    try:
        with open(f"/proc/{child.pid}/wchan") as f:
            return "request_wait" in f.read()
    except OSError:
        return False


def a_card_is_lost_and_returns(h):
    h.disturb("lose", 0)
    equal(set(slurp(h.path(A100, "config"))), {0xff}, "all ones")
    equal(h.read(A100, "current_link_width"), "63")
    equal(h.read(A100, "vendor"), "0x10de", "the kernel's copy")
    h.disturb("return", 0)
    equal(slurp(h.path(A100, "config"))[:2], b"\xde\x10")
    before = h.seqnum()
    h.sim("lose", "1", "--gone")
    assert not os.path.exists(h.path(L40S)) and not os.path.exists(h.path("0000:61:00.1"))
    assert h.seqnum() > before
    equal(h.write("rescan", "1"), None)
    assert not os.path.exists(h.path(L40S)), "found although it is gone"
    h.sim("return", "1")
    equal(h.driver(L40S), "nvidia")
    equal(h.driver("0000:61:00.1"), "snd_hda_intel")


def cpu_times(h):
    with open(os.path.join(h.root, "proc/stat")) as f:
        return [int(word) for word in f.readline().split()[1:]]


def the_processors_work(h):
    before = cpu_times(h)
    eventually(lambda: sum(cpu_times(h)) > sum(before) + 1000, "time passes in /proc/stat")
    after = cpu_times(h)
    assert all(b >= a for a, b in zip(before, after)), "a counter went back"
    idle, total = after[3] - before[3], sum(after) - sum(before)
    assert 0 < total - idle < total, f"busy {total - idle} of {total}"


def reboot_forgets(h):
    h.to(A100, "vfio-pci")
    h.write(f"devices/{L40S}/remove", "1")
    equal(h.write("drivers/nvidia/new_id", "1a03 2000"), None)
    h.disturb("reboot")
    equal([h.driver(A100), h.driver(L40S), h.read(A100, "driver_override")], ["nvidia", "nvidia", "(null)"])
    equal(h.cards()["gpus"][0]["driver"], "nvidia")


def paths(h):
    found = set()
    for folder, dirs, files in os.walk(os.path.join(h.root, "sys")):
        for name in dirs + files:
            path = os.path.join(folder, name)
            found.add((path, os.readlink(path) if os.path.islink(path) else ""))
    return found


def a_reboot_undoes_whatever_was_written(h):
    """Four writers do at random what root could do, until each has done its share; then the tree is as at first."""
    fresh = paths(h)
    seed = random.randrange(1 << 32)
    print(f"# seed {seed}", flush=True)
    devices = sorted(os.listdir(os.path.join(h.pci, "devices"))) + ["0000:41:00.4", "0000:41:01.0", "0000:ff:00.0"]
    drivers = ["vfio-pci", "nvidia", "pci-pf-stub", "ahci", "pcieport"]

    def write_at_random(rng, count):
        for _ in range(count):
            bdf, driver = rng.choice(devices), rng.choice(drivers)
            file, text = rng.choice([
                (f"devices/{bdf}/driver_override", rng.choice([driver, "\n"])),
                (f"devices/{bdf}/driver/unbind", bdf), (f"drivers/{driver}/bind", bdf), ("drivers_probe", bdf),
                (f"devices/{bdf}/sriov_numvfs", str(rng.choice([0, 0, 2, 20, 99]))), (f"devices/{bdf}/remove", "1"),
                ("rescan", "1"), (f"devices/{bdf}/rescan", "1"), (f"devices/{bdf}/reset", "1"),
                (f"devices/{bdf}/reset_method", rng.choice(["flr", "bus", "default", "\n", "no"])),
                (f"drivers/{driver}/new_id", f"10de {rng.choice(['20b5', '26b9'])}"),
                (f"devices/{bdf}/config", "\xff" * rng.randrange(1, 64))])
            h.write(file, text)
            try:
                slurp(h.path(bdf, rng.choice(["config", "resource", "uevent", "driver_override"])))
                os.listdir(h.path(bdf, "iommu_group/devices"))
            except OSError:
                pass  # it may be gone at any time

    writers = [threading.Thread(target=write_at_random, args=(random.Random(seed + i), 300)) for i in range(4)]
    for writer in writers:
        writer.start()
    rng = random.Random(seed)
    hold = os.open(os.path.join(h.root, "dev/nvidiactl"), os.O_RDWR)
    while any(writer.is_alive() for writer in writers):
        # A held card wedges now and then; a reboot frees its writers.
        h.disturb(*rng.choice([("lose", 0), ("return", 0), ("gone", 1), ("return", 1), ("hold", 1, os.getpid())]))
        for writer in writers:
            writer.join(0.02)
        h.disturb("reboot")
    os.close(hold)
    h.disturb("reboot")
    now = paths(h)
    equal(sorted(now ^ fresh)[:5], [], "left after the reboot")


# ---- other hosts ----

def messy_groups(h):
    gpu = "0000:01:00.0"
    equal(h.read(gpu, "boot_vga"), "1")
    assert "0000:02:00.0" in h.members(gpu) and "0000:01:00.1" in h.members(gpu), h.members(gpu)
    chipset = h.members("0000:05:00.0")
    for other in ("0000:00:17.0", "0000:04:00.0", "0000:05:00.2", "0000:06:00.0"):
        assert other in chipset, (other, chipset)
    assert "BOOTFB" in slurp(os.path.join(h.root, "proc/iomem")).decode()
    equal(slurp(os.path.join(h.root, "proc/net/route")).decode().splitlines()[1].split()[0], "enp4s0")
    assert os.path.realpath(os.path.join(h.root, "sys/class/net/enp4s0/device")).endswith("0000:04:00.0")
    assert "0000:00:17.0" in os.path.realpath(os.path.join(h.root, "sys/class/block/sda2"))
    equal(h.driver("0000:05:00.2"), "xhci_hcd")


def numa_of_a_server(h):
    equal(h.read("0000:9a:00.0", "numa_node"), "1")
    equal(h.read("0000:9a:00.0", "local_cpulist"), "56-111,168-223")
    out = h.exec("lstopo", "--of", "console").stdout
    equal(out.count("PU L#"), 224)
    equal(out.count("(3D)"), 8)
    equal(len([d for d in os.listdir(os.path.join(h.pci, "devices")) if h.read(d, "class") == "0x068000"]), 4)


# ---- starting and stopping ----

def exec_passes_the_status_on(h):
    equal(h.exec("sh", "-c", "exit 7", check=False).returncode, 7)
    equal(h.exec("/no/such/program", check=False).returncode, 127)
    out = h.exec("sh", "-c", "echo $SYSTEMD_DEVICE_VERIFY_SYSFS $LD_LIBRARY_PATH; ls /dev/nvidia0; "
                             "cat /sys/class/dmi/id/product_name /proc/sys/kernel/random/boot_id").stdout
    assert out.startswith(f"0 {h.dir}/lib"), out
    assert "/dev/nvidia0" in out and "Simulated small host" in out and h.cards()["boot_id"] in out, out
    assert not os.path.samefile("/sys", os.path.join(h.root, "sys")), "the caller's own /sys was changed"


def exec_shows_modules(h):
    """Also where the machine has no /proc/modules; everything else of /proc is the machine's, live."""
    out = h.exec("sh", "-c", "cat /proc/modules; cat /proc/self/comm; ls /proc/self/fd >/dev/null && echo fds; "
                             "readlink /proc/self/exe; test -d /proc/$$/task && echo task; cat /proc/version").stdout
    assert out.startswith("nvidia_uvm ") and "\nnvidia 606" in out, out
    assert "\ncat\nfds\n/" in out and "\ntask\n" in out and "facet@simulated" in out, out


def a_program_lives_through_a_reboot(h):
    """A daemon under exec keeps its mounts; what lies in them is the host after the boot."""
    script = f"cat /sys/bus/pci/devices/{A100}/driver_override; echo ready; read line; " \
             f"cat /sys/bus/pci/devices/{A100}/driver_override /proc/sys/kernel/random/boot_id /proc/version"
    h.write(f"devices/{A100}/driver_override", "vfio-pci\n")
    program = subprocess.Popen([SIM, "--sim-dir", h.dir, "exec", "--", "sh", "-c", script], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    equal([program.stdout.readline() for _ in range(2)], ["vfio-pci\n", "ready\n"])
    h.sim("reboot")
    out = program.communicate("go\n", timeout=DEADLINE)[0].splitlines()
    equal(out[:2], ["(null)", h.cards()["boot_id"]])
    assert "facet@simulated" in out[2], out


def without_an_iommu(h):
    gpu = "0000:01:00.0"
    equal(os.listdir(os.path.join(h.root, "sys/kernel/iommu_groups")), [])
    assert not os.path.lexists(h.path(gpu, "iommu_group"))
    assert not os.path.exists(os.path.join(h.root, "sys/firmware/acpi/tables/DMAR"))
    equal(h.to(gpu, "vfio-pci"), "EINVAL")
    equal(h.driver(gpu), None)
    equal(h.to(gpu, ""), None)
    equal(h.driver(gpu), "nvidia")


def a_dead_server_is_replaced(h):
    pid = int(slurp(os.path.join(h.dir, "fs.pid")))
    h.kill_server()
    eventually(lambda: not os.path.exists(f"/proc/{pid}/exe"), "its end")
    h.sim("start")
    equal(h.driver(A100), "nvidia")
    again = h.sim("start", "lab", check=False)
    assert again.returncode != 0 and "runs already" in again.stderr, again.stderr


def stop_leaves_nothing(h):
    pid = int(slurp(os.path.join(h.dir, "fs.pid")))
    fd = os.open(os.path.join(h.root, "dev/nvidia1"), os.O_RDWR)
    child = h.writer(f"devices/{L40S}/driver/unbind", L40S)
    eventually(lambda: h.driver(L40S) is None, "the link goes")
    h.stop()
    child.wait(DEADLINE)
    os.close(fd)
    assert not mounted(h.root) and not os.path.exists(f"/proc/{pid}/exe")
    equal(os.listdir(h.root), [])
    h.stop()  # once more does no harm
    h.sim("start")
    equal(h.driver(L40S), "nvidia", "after the next start")


def an_ordinary_user_can_start(h):
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    mode = os.stat("/dev/fuse").st_mode
    if user and not mode & 0o002:
        return "/dev/fuse is for root only here"
    closed = next((folder for folder in pathlib.Path(SIM).parents if not folder.stat().st_mode & 0o001), None)
    if user and closed:
        return f"no other user may enter {closed}"
    place = tempfile.mkdtemp(dir=os.path.dirname(h.dir))
    drop = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    if user:
        os.chown(place, user.pw_uid, user.pw_gid)

    def sim(*args):
        return subprocess.run([SIM, "--sim-dir", place, *args], capture_output=True, text=True, timeout=60, **drop)
    started = sim("start", "small")
    equal(started.returncode, 0, started.stderr)
    try:
        out = sim("exec", "--", "lspci", "-nn")
        if "namespace" in out.stderr:
            return "no user namespaces here"
        assert "[10de:20b5]" in out.stdout, (out.stdout, out.stderr)
    finally:
        equal(sim("stop").returncode, 0)
    assert not mounted(place)


# The least that a host's file has to say.
OWN = {"name": "own", "cpus": 4, "memory_mib": 8192, "iommu": "off",
       "devices": [{"card": "A30", "address": "0000:01:00.0"}]}
SMALL = [lspci_sees_the_host, lstopo_sees_the_host, files_agree, devices_have_numbers, sysfs_is_no_disk,
         a_card_moves_to_vfio_and_back, nvml_follows_the_driver, an_nvml_client_holds_every_card, a_holder_ends_with_its_host,
         errnos_are_the_kernels, a_group_opens_once, remove_and_rescan, sriov, unbind_of_a_held_card_never_returns,
         an_open_node_holds_its_card, injected_faults, a_card_is_lost_and_returns, the_processors_work, reboot_forgets,
         a_reboot_undoes_whatever_was_written,
         xids_are_written_in_the_drivers_words, exec_passes_the_status_on, exec_shows_modules, a_program_lives_through_a_reboot, a_dead_server_is_replaced,
         stop_leaves_nothing, an_ordinary_user_can_start]
PLAN = [("small", SMALL), ("messy", [messy_groups]), ("hgx", [numa_of_a_server, sxids_of_switches]), (OWN, [without_an_iommu])]


def run(host, test, number):
    """One TAP line. A write that hangs in this process cannot be interrupted, so a watchdog ends the server."""
    name = test.__name__.replace("_", " ")
    watchdog = threading.Timer(3 * DEADLINE, host.kill_server)
    watchdog.start()
    try:
        skip = test(host)
        return f"ok {number} - {name}" + (f" # SKIP {skip}" if skip else "")
    except (AssertionError, OSError, subprocess.SubprocessError) as e:
        host.stop()
        host.sim("start")
        return f"not ok {number} - {name}\n# " + str(e).replace("\n", "\n# ")
    finally:
        watchdog.cancel()


def main():
    print(f"1..{sum(len(tests) for _, tests in PLAN)}")
    work = tempfile.mkdtemp(prefix="facet-sim-test-")
    os.chmod(work, 0o755)
    number = 0
    for kind, tests in PLAN:
        host = Host(kind, work)
        try:
            for test in tests:
                number += 1
                print(run(host, test, number), flush=True)
        finally:
            host.stop()
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
