#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""README and the user guide, followed: each command in them is run, as at a terminal, on a simulated host with real QEMUs.
guide.py FACETD FACET-HELPER FACET-SIM FACET, under tools/dev/with-libvirtd. Speaks TAP, one test a command.

A command is a line of a code block. What stands for something ("HOST", "TASK", "/srv/vms") is filled in; what a reader has
(a file, a VM of another program) is there before. A command that cannot be run here stands in ELSEWHERE with the reason,
one that is described as refused in REFUSED; an entry that no page has any more is a failure, too."""
import hashlib
import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from stack import PATIENCE, TOP, ApiError, Stack, until  # noqa: E402

stack = Stack(*sys.argv[1:4], host="small")
WORK = stack.dir / "reader"
BIN = stack.dir / "bin"
PASSWORDS = ["a password for tests", "another password", "a third password"]

# Pages in the order in which they are followed; each begins on a host without VMs, files and networks of the one before.
PAGES = ["README.md"] + [f"docs/guide/{name}.md" for name in (
    "README", "overview", "run", "gpus", "cli", "vms", "networks", "templates", "storage", "api", "logs", "security", "users")]
# Pages whose blocks are one script: a later line uses what an earlier one has set.
SCRIPTS = ["docs/guide/api.md", "docs/guide/storage.md"]

ELSEWHERE = {
    "git clone … facet && cd facet": "the clone is what the tests run in",
    "./dev run": "every test in Chromium starts its Facet by it (tests/e2e)",
    "./dev run [--host small|lab|hgx|messy|FILE.json|real] [--port N]": "this shows what can be said; tests/e2e says each",
    "Facet is ready at https://127.0.0.1:8443": "an answer",
    "login: admin / …": "an answer",
    "facetd … --trusted-proxy 10.0.0.5 --name facet.example.org": "tests/contract/app/door.py starts facetd so",
}
# Text of the refusal.
REFUSED = {
    "facet network create office --bridge br0": "br0",
    "facet network create floor --direct eno1.100": "eno1.100",
    "facet network create floor-30 --direct eno1 --vlan 30": "eno1",
}


def blocks(page):
    """[(line number, [lines])] of a page's code blocks, without their indentation."""
    found, block, fence, before = [], None, False, ""
    for number, line in enumerate((TOP / page).read_text().splitlines(), 1):
        if line.startswith("```"):
            fence, block = not fence, None
            before = line
            continue
        code = fence or (line.startswith("    ") and (block is not None or not before.strip() or before.startswith("#")))
        if code and line.strip():
            if block is None:
                block = (number, [])
                found.append(block)
            block[1].append(line if fence else line[4:])
        elif not code:
            block = None
        before = line
    return found


def commands(page):
    """[(line number, command)] of a page, without comments behind them."""
    for first, lines in blocks(page):
        for number, line in enumerate(lines, first):
            command = re.sub(r"\s+#\s.*$", "", line.strip())
            if command and not command.startswith("#"):
                yield number, command


# ---- what stands for something ----

def latest(path, want):
    return next(item for item in stack.call("GET", path)["items"] if want(item))


def value_of(name, command):
    if name == "TASK":
        return latest("/tasks", lambda task: task["can_undo"])["id"]
    if name == "TOKEN":
        status, text = run("facet token list --json")  # as the reader: a token of a test does not see the tokens of people
        assert status == 0, text
        return next(token["id"] for token in json.loads(text)["items"] if token["name"] == "backup")
    if name == "VM":
        return "web-1"
    return hashlib.sha256((WORK / command.split()[-1]).read_bytes()).hexdigest()  # HEX


def addressed(command):
    """With this host's address, folders and programs."""
    command = re.sub(r"https://(host|HOST):8443", f"https://127.0.0.1:{stack.port}", command)
    command = command.replace("/srv/vms", str(stack.dir / "vms")).replace("/var/lib/facet", str(stack.state))
    sim = pathlib.Path(stack.programs[2]).resolve()
    return command.replace("./dev facet", "facet").replace("./dev sim", f"{sim} --sim-dir {stack.sim_dir}")


def filled(command):
    return re.sub(r"(?<![$\w])(TASK|TOKEN|VM|HEX)\b", lambda found: value_of(found.group(1), command), addressed(command))


# ---- what a reader has ----

def has_cloud_image():
    shutil.copy(stack.images / "demo.qcow2", WORK / "debian.qcow2")
    run("facet file upload debian.qcow2")


def saved():
    until("web-1 to run", lambda: latest("/vms", lambda vm: vm["name"] == "web-1")["state"] == "running")
    stack.virsh("managedsave", "web-1")
    until("it to be off", lambda: latest("/vms", lambda vm: vm["name"] == "web-1")["state"] == "off")


def others_vm():
    disk = stack.dir / "theirs.qcow2"
    shutil.copy(stack.images / "demo.qcow2", disk)
    disk.chmod(0o666)
    xml = stack.dir / "theirs.xml"
    xml.write_text(f"""<domain type='qemu'><name>theirs</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><disk type='file' device='disk'>
<driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk></devices></domain>""")
    stack.virsh("define", str(xml))
    until("it to be seen", lambda: [vm for vm in stack.call("GET", "/vms")["items"] if vm["name"] == "theirs"])


def no_facetd():
    child = stack.children.pop("facetd")
    child.terminate()
    assert child.wait(60) == 0, stack.log("facetd")


def facetd_again():
    """After the password was set without it: all logins have ended, and so have the tokens by --end-tokens."""
    stack.env["FACET_ADMIN_PASSWORD"] = PASSWORDS[0] = (WORK / "file").read_text().strip()
    stack.token = stack.cookie = None
    stack.start_facetd()
    status, text = run(f"facet login https://127.0.0.1:{stack.port} --user admin --ca cert.pem")
    assert status == 0, text


BEFORE = {
    "facet vm create web-1": has_cloud_image,
    "facet vm continue VM": saved,
    "facet vm drop-saved VM": saved,
    "facet file upload --sha256 HEX debian.qcow2": lambda: run("facet file delete debian.qcow2"),
    "facet vm adopt theirs --plan": others_vm,
    "facetd --state /var/lib/facet --reset-password admin": no_facetd,
    "facet token list": facetd_again,
}


# ---- running ----

def answer_to(asked):
    """What a person types at a question; None while nothing is asked."""
    if asked.endswith("[y/N] "):
        return "y"
    if re.search(r"New password[^\n]*: $|Once more: $", asked):
        return PASSWORDS[1]
    if re.search(r"[Pp]assword[^\n]*: $", asked):
        return PASSWORDS[0]
    return None


def run(command, seconds=4 * PATIENCE):
    """As at a terminal: (exit status, everything that was printed)."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(WORK)
        os.execvpe("bash", ["bash", "-c", command], environment())
    text, asked, end = "", "", time.monotonic() + seconds
    while True:
        ready = select.select([terminal], [], [], 1)[0]
        try:
            data = os.read(terminal, 65536) if ready else None
        except OSError:  # the other end is closed
            break
        if data == b"":
            break
        text += (data or b"").decode(errors="replace").replace("\r", "")
        asked += (data or b"").decode(errors="replace").replace("\r", "")
        answer = answer_to(asked)
        if answer is not None:
            os.write(terminal, answer.encode() + b"\n")
            asked = ""
        if time.monotonic() > end:
            os.kill(pid, 9)
            text += "\n(it did not end)"
            break
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text


def environment():
    return {**stack.env, "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(WORK), "TERM": "xterm", "PASSWORD": PASSWORDS[0],
            "FACET_CONFIG": str(WORK / "config.json"), "TOKEN": stack.token}


def follow(command):
    key = next((key for key in BEFORE if command == key or command.startswith(key + " ")), None)
    if key:
        BEFORE.pop(key)()
    status, text = run(filled(command))
    refusal = REFUSED.get(command)
    if refusal is None:
        assert status == 0, f"status {status}: {text}"
    else:
        assert status != 0 and refusal in text, f"status {status}: {text}"
    if command == "facet user password":
        PASSWORDS.append(PASSWORDS.pop(0))


def follow_script(page):
    """All blocks in one shell, which ends at the first that fails."""
    image = WORK / "debian.qcow2"
    shutil.copy(stack.images / "demo.qcow2", image)
    text = "\n".join("\n".join(lines) for _, lines in blocks(page))
    text = text.replace("349175808", str(image.stat().st_size)).replace('"…"', f'"{hashlib.sha256(image.read_bytes()).hexdigest()}"')
    # Who reads puts the id of the plan that came in the place of PLAN.
    text = re.sub(r"^(curl .*/plans)$", r"plan=$(\1)", text, flags=re.M).replace("/PLAN/", "/$(jq -r .id <<<\"$plan\")/")
    text = text.replace("set -- --cacert", "set -- --fail-with-body --cacert")
    script = WORK / "page.sh"
    script.write_text("set -eo pipefail\n" + addressed(text))
    status, said = run("bash page.sh")
    assert status == 0 and "command not found" not in said, f"status {status}: {said}"


def clean():
    """As on a new host, but for the cards."""
    for vm in stack.call("GET", "/vms")["items"]:
        if vm["ours"]:
            run(f"facet vm stop --force --yes {vm['name']}; facet vm delete --yes {vm['name']}")
    for item in stack.call("GET", "/files")["items"]:
        if item["name"] != "demo.qcow2":
            run(f"facet file delete --yes {item['name']}")
    for network in stack.call("GET", "/networks")["items"]:
        if network["name"] in ("lab", "web", "dmz"):
            run(f"facet network delete --yes {network['name']}")


def said_within(page):
    """The commands of facet in a page's sentences, as far as they name a verb."""
    for text in re.findall(r"`facet ([a-z][^`]*)`", (TOP / page).read_text()):
        words = re.match(r"(?:help )?([a-z-]+(?: [a-z-]+)*)", text).group(1).split()
        yield words[:3]


def check_within(page):
    for words in said_within(page):
        asked = [run("facet help " + " ".join(words[:n]))[0] for n in range(len(words), 0, -1)]
        assert 0 in asked[:2], f"there is no command “facet {' '.join(words)}”"


def prepare():
    (WORK / ".ssh").mkdir(parents=True)
    (WORK / ".ssh/id_ed25519.pub").write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJzN0mDcT0Wq7y9cX0vJ4nN6l5n6W6s0yQm1bq4s9f2v anna\n")
    (WORK / "password-file").write_text("a password of anna\n")
    (WORK / "file").write_text("a password from a file\n")
    (stack.dir / "vms").mkdir()
    BIN.mkdir()
    for name, program in (("facet", sys.argv[4]), ("facetd", sys.argv[1])):
        (BIN / name).symlink_to(pathlib.Path(program).resolve())
    stack.start()
    shutil.copy(stack.state / "tls/cert.pem", WORK / "cert.pem")
    status, text = run(f"facet login https://127.0.0.1:{stack.port} --user admin --trust")
    assert status == 0, text


def tests():
    for page in PAGES:
        if stack.children.get("facetd"):
            yield f"{page}: every command in its sentences exists", lambda page=page: check_within(page)
        if page in SCRIPTS:
            yield f"{page}: its script", lambda page=page: follow_script(page)
            continue
        for number, command in list(commands(page)):
            if command in ELSEWHERE:
                SEEN.add(command)
                continue
            SEEN.update({command} & set(REFUSED))
            yield f"{page}:{number}: {command}", lambda command=command: follow(command)
        if stack.children.get("facetd"):
            clean()


def stale():
    """Nothing is said here of what no page says any more."""
    left = (set(ELSEWHERE) | set(REFUSED)) - SEEN
    assert not left and not BEFORE, (left, list(BEFORE))


SEEN = set()


def main():
    number = failed = 0

    def one(name, test):
        nonlocal number, failed
        number += 1
        try:
            test()
            print(f"ok {number} {name}", flush=True)
        except (AssertionError, ApiError, StopIteration, subprocess.CalledProcessError, OSError):
            failed += 1
            print(f"not ok {number} {name}", flush=True)
            print("\n".join("# " + line for line in traceback.format_exc().splitlines()), flush=True)

    try:
        prepare()
        for name, test in tests():
            one(name, test)
        one("no exception is left over", stale)
    finally:
        stack.stop()
    print(f"1..{number}")
    return 1 if failed else 0


sys.exit(main())
