#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line against an API that answers from a table: what people see (golden files) and exit statuses by cause.

usage: test_cli.py FACET [--regenerate]     prints TAP
"""
import http.server
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))


def profile(pid, name, slices, size, mib, starts, attributes=""):
    return {"id": pid, "enum_value": 0, "name": name, "attributes": attributes, "compute_slices": slices, "size": size,
            "memory_mib": mib, "sm_count": 14, "max_count": 7, "remaining": 1, "starts": starts, "ci_profiles": []}


def instance(start, size, name, holder=None):
    return {"id": 1, "profile_id": 9, "profile": name, "start": start, "size": size, "memory_used_mib": None,
            "memory_total_mib": 40192, "compute": [], "part": "p%d" % start, "holder": holder}


READINGS = {"gpu_percent": None, "memory_used_mib": 1024.0, "memory_total_mib": 81920.0, "power_w": 212.4,
            "power_limit_w": 300.0, "temperature_c": 54.0, "sm_clock_mhz": 1410.0, "ecc_corrected": 0.0,
            "ecc_uncorrected": 0.0, "source": "host",
            "why_not": "The driver gives no utilization while MIG is on (Ampere)."}
GPU = {"id": "gpu-0000-41-00-0", "node": "n1", "project": "default", "revision": 7, "index": 0,
       "name": "NVIDIA A100 80GB PCIe", "address": "0000:41:00.0", "architecture": "ampere", "uuid": "GPU-1",
       "serial": "1320", "driver": "nvidia", "numa_node": 0, "iommu_group": 12, "boot_vga": False, "state": "ok",
       "state_reason": "", "mode": "mig", "readings": READINGS, "functions": [], "processes": [],
       "drift": ["2g.20gb at slot 4 is missing."],
       "mig": {"capable": True, "current": True, "pending": True, "units": 8,
               "profiles": [profile(19, "1g.10gb", 1, 1, 9728, [0, 1]),
                            profile(20, "1g.10gb+me", 1, 1, 9728, [0, 1], "+me"),
                            profile(15, "1g.20gb", 1, 2, 19968, [0, 2]),
                            profile(9, "3g.40gb", 3, 4, 40192, [0, 4])],
               "instances": [instance(0, 4, "3g.40gb", {"kind": "vm", "id": "1", "name": "llm-a", "state": "in-use"}),
                             instance(4, 2, "2g.20gb")],
               "fits": [{"profile_id": 19, "profile": "1g.10gb", "start": 6, "size": 1, "ok": True, "why": "",
                         "leaves": "nothing"},
                        {"profile_id": 9, "profile": "3g.40gb", "start": 4, "size": 4, "ok": False,
                         "why": "Slot 4 is taken by 2g.20gb.", "leaves": ""}],
               "stranded": [{"start": 7, "size": 1, "why": "No profile can begin at slot 7."}]}}
SPLIT = dict(GPU, id="gpu-0000-42-00-0", index=1, drift=[], mig=dict(GPU["mig"], current=True, pending=True, instances=[
    dict(instance(0, 4, "3g.40gb"), not_whole="1c.3g.40gb + 2c.3g.40gb"),
    dict(instance(4, 4, "3g.40gb", {"kind": "vm", "id": "1", "name": "llm-a", "state": "in-use"}), not_whole="")],
    fits=[], stranded=[]))
RELEASED = dict(GPU, id="gpu-0000-43-00-0", index=2, state="released", drift=[], mode="host",
                state_reason="Facet does not look at it until it is taken back, or the host restarts.",
                mig={"capable": False, "current": False, "pending": False, "units": 0, "profiles": [], "instances": []})
PENDING = dict(GPU, id="gpu-0000-44-00-0", index=3, drift=[], mode="host",
               mig=dict(GPU["mig"], current=False, pending=True, instances=[], fits=[], stranded=[]))
PLAN = {"id": "pl1", "title": "Re-carve GPU 0", "state": "open", "units": 8, "interrupts": [],
        "now": [dict(start=0, size=4, profile="3g.40gb", holder="llm-a")],
        "then": [dict(start=0, size=4, profile="3g.40gb", holder="llm-a"),
                 dict(start=4, size=1, profile="1g.10gb", holder="")],
        "steps": [{"title": "Create 1g.10gb at slot 4"}, {"title": "Create its compute instance"}],
        "verdicts": [], "alternatives": []}
TASK = {"id": "t1", "title": "Re-carve GPU 0", "state": "done", "outcome": "GPU 0 has the wanted layout.", "percent": 100,
        "steps": [{"title": "Create 1g.10gb at slot 4", "state": "done"}], "error": None}
STALE = {"code": "stale", "message": "GPU 0 has changed since this plan was made.", "next": "Make the plan again.",
         "details": {}}
NO_FIT = {"code": "no-fit", "message": "This does not fit on GPU 0.", "next": "Use one of these.",
          "details": {"reasons": ["3 × 3g.40gb need 12 slots; the card has 8."], "alternatives": ["2 × 3g.40gb"]}}
REFUSED = {"code": "refused", "message": "db-2 cannot start.", "next": "Clear the reasons.", "details": {"verdicts": [
    {"severity": "refuse", "code": "group-empty", "sentence": "No part of a100-3g is free: llm-a holds it.",
     "next": "Stop llm-a.", "subject": "vm llm-a"}]}}
VM = {"id": "v1", "name": "db-2", "ours": True, "state": "off", "vcpus": 2, "memory_mib": 2048, "revision": 9,
      "devices": [{"group": "a100-3g", "group_name": "A100 3g", "count": 1, "optional": False, "attach": "standin",
                   "parts": []}], "pending_changes": [], "blocked": REFUSED["details"]["verdicts"]}


GROUPS = [{"id": "a100-3g", "name": "A100 3g", "builtin": True, "free": 0, "total": 2, "parts": [
    {"gpu_label": "GPU 1", "profile": "3g.40gb", "start": 0, "not_whole": "1c.3g.40gb + 2c.3g.40gb"},
    {"gpu_label": "GPU 1", "profile": "3g.40gb", "start": 4, "not_whole": ""}]}, {"id": "a30", "name": "spare"}, {"id": "g3", "name": "spare"},
          {"id": "g4", "name": "a30"}]
FRAIL = {"id": "t2", "name": "frail", "description": "", "input": {"image": "demo"}, "revision": 4, "created_ms": 1,
         "problems": [{"field": "image", "sentence": "The image “demo” is gone."}]}
SMALL = {"id": "t1", "name": "small", "description": "for tests", "revision": 3, "created_ms": 1, "problems": [],
         "input": {"image": "debian-12", "vcpus": 2, "memory_mib": 2048, "devices": [{"group": "a100-3g", "count": 1}]}}
ADOPTION = {"id": "v7", "name": "theirs", "state": "running", "kept": ["2 vCPUs", "Disk vda: /d/theirs.qcow2 (qcow2)"],
            "lost": ["Its sound card"], "verdicts": [{"severity": "confirm", "code": "adopt-changes", "subject": "",
            "sentence": "Its next start by Facet changes 1 thing of it.", "next": "Read what changes, then confirm."}]}
RELEASE = {"id": "v1", "name": "db-2", "definition": "restored", "lost": ["NUMA cells of the guest", "vCPUs: 4 of them pinned to CPUs of the host"],
           "sentence": "It has the definition back that it was adopted with, but not all of it."}
LATER = dict(VM, id="v2", name="web", autostart={"enabled": True, "order": 100, "delay_s": 0})
FIRST = dict(VM, id="v3", name="db-3", autostart={"enabled": True, "order": 10, "delay_s": 30})


def problem(status, body):
    return status, {"error": body}


TASK_PAGES = itertools.cycle([{"items": [TASK], "next": "page2"}, {"items": []}])
ANSWERS = {
    ("GET", "/gpus"): (200, {"items": [GPU, SPLIT, RELEASED]}), ("GET", "/gpus/0"): (200, GPU), ("GET", "/gpus/1"): (200, SPLIT),
    ("GET", "/gpus/2"): (200, RELEASED), ("GET", "/gpus/3"): (200, PENDING),
    ("POST", "/gpus/1/release"): (200, dict(SPLIT, state="released")), ("POST", "/gpus/2/take"): (200, dict(RELEASED, state="ok")),
    ("POST", "/gpus/0/release"): problem(409, {"code": "in-use", "message": "GPU 0 has parts that VMs hold: llm-a.",
                                               "next": "Stop these VMs, then try again.", "details": {}}),
    ("GET", "/gpus/9"): problem(404, {
        "code": "not-found", "message": "There is no GPU “9”.", "next": "See “facet gpu list”.", "details": {}}),
    ("POST", "/plans"): lambda body: problem(422, NO_FIT) if body.get("profiles", {}).get("3g.40gb", 0) > 2 else (201, PLAN),
    ("POST", "/plans/pl1/apply"): (202, TASK), ("GET", "/tasks"): lambda body: (200, next(TASK_PAGES)),
    ("GET", "/tasks/t1"): (200, TASK), ("GET", "/tasks/t9"): problem(409, STALE),
    ("GET", "/resource-groups"): (200, {"items": GROUPS}),
    ("GET", "/templates"): (200, {"items": [SMALL, FRAIL]}), ("GET", "/templates/frail"): (200, FRAIL),
    ("GET", "/templates/small"): (200, SMALL), ("POST", "/templates"): (201, SMALL),
    ("POST", "/vms/theirs/adopt"): lambda body: (200, ADOPTION if body.get("preview") else dict(VM, name="theirs")),
    ("DELETE", "/vms/db-2/saved"): (200, VM), ("PATCH", "/vms/v1"): (200, VM), ("POST", "/vms/v1/release"): (200, RELEASE), ("POST", "/vms"): (202, TASK),
    ("GET", "/vms"): (200, {"items": [VM, LATER, FIRST]}), ("GET", "/vms/db-2"): (200, VM),
    ("POST", "/vms/v1/start"): problem(422, REFUSED), ("DELETE", "/vms/v1"): (202, dict(TASK, title="Delete db-2")),
    ("GET", "/tokens"): problem(401, {"code": "unauthenticated", "message": "You are not signed in.",
                                      "next": "Sign in.", "details": {}}),
}
seen = []


class Api(http.server.BaseHTTPRequestHandler):
    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        path = self.path.split("?")[0].removeprefix("/api/v1")
        seen.append((self.command, path, body, self.headers.get("If-Match"), self.headers.get("Authorization")))
        found = ANSWERS.get((self.command, path), (404, {"error": {"code": "not-found", "message": path, "next": "",
                                                                   "details": {}}}))
        status, reply = found(body) if callable(found) else found
        data = b"" if status == 204 else json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


CASES = [  # name, arguments, exit status
    ("gpu-list", ["gpu", "list"], 0), ("gpu-show", ["gpu", "show", "0"], 0),
    ("gpu-show-split", ["gpu", "show", "1"], 0), ("gpu-show-released", ["gpu", "show", "2"], 0),
    ("gpu-show-pending", ["gpu", "show", "3"], 0), ("gpu-release", ["gpu", "release", "1"], 0),
    ("gpu-release-held", ["gpu", "release", "0"], 5), ("gpu-take", ["gpu", "take", "2"], 0),
    ("gpu-carve-split-usage", ["gpu", "carve", "0", "3g=1", "--compute", "3g"], 2), ("group-list", ["group", "list"], 0),
    ("gpu-show-unknown", ["gpu", "show", "9"], 4), ("gpu-carve-plan", ["gpu", "carve", "0", "3g=1", "1g.10gb=1", "--plan"], 0),
    ("gpu-carve", ["gpu", "carve", "0", "3g+1g"], 0), ("gpu-carve-no-fit", ["gpu", "carve", "0", "3g=3"], 6),
    ("gpu-carve-usage", ["gpu", "carve", "0", "3g=many"], 2), ("gpu-carve-nothing", ["gpu", "carve", "0"], 2),
    ("task-list", ["task", "list"], 0), ("task-watch", ["task", "watch", "t1"], 0),
    ("task-watch-stale", ["task", "watch", "t9"], 5), ("vm-list", ["vm", "list"], 0),
    ("vm-start-refused", ["vm", "start", "db-2"], 6), ("vm-delete-unasked", ["vm", "delete", "db-2"], 2),
    ("vm-delete", ["vm", "delete", "db-2", "--yes"], 0), ("token-list-unauthenticated", ["token", "list"], 3),
    ("template-list", ["template", "list"], 0), ("template-show", ["template", "show", "frail"], 0),
    ("template-create", ["template", "create", "small", "--from-vm", "db-2"], 0),
    ("template-create-both", ["template", "create", "small", "--from-vm", "db-2", "--cpus", "2"], 2),
    ("vm-create-template", ["vm", "create", "db-4", "--template", "small", "--no-wait"], 0),
    ("vm-create-device", ["vm", "create", "db-5", "--image", "demo", "--device", "A100 3g:2:optional", "--device", "a30", "--no-wait"], 0),
    ("vm-create-device-twice", ["vm", "create", "db-6", "--image", "demo", "--device", "spare", "--no-wait"], 2),
    ("vm-adopt-plan", ["vm", "adopt", "theirs", "--plan"], 0), ("vm-adopt-unasked", ["vm", "adopt", "theirs"], 2),
    ("vm-drop-saved", ["vm", "drop-saved", "db-2", "--yes"], 0), ("vm-drop-saved-unasked", ["vm", "drop-saved", "db-2"], 2),
    ("vm-adopt", ["vm", "adopt", "theirs", "--yes"], 0), ("vm-release", ["vm", "release", "db-2"], 0),
    ("vm-autostart", ["vm", "autostart"], 0),
    ("vm-autostart-set", ["vm", "autostart", "db-2", "--order", "10", "--wait", "30"], 0),
    ("json-error", ["--json", "gpu", "show", "9"], 4), ("no-such-verb", ["gpu", "destroy"], 2),
    ("no-such-noun", ["gpus"], 2), ("noun-help", ["volume", "--help"], 0), ("noun-alone", ["file"], 2),
    ("gpu-carve-split", ["gpu", "carve", "0", "3g=1", "--compute", "3g=1c+2c", "--plan"], 0),
    ("complete-verbs", ["__complete", "gpu", ""], 0), ("complete-profiles", ["__complete", "gpu", "carve", "0", ""], 0),
]


def run(facet, url, arguments, config):
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "FACET_URL": url, "FACET_TOKEN": "secret",
           "FACET_CONFIG": config}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
        if name in os.environ:
            env[name] = os.environ[name]
    done = subprocess.run([facet] + arguments, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    return done.returncode, done.stdout.decode()


def checks():
    """What the requests must have looked like."""
    carve = [s[2] for s in seen if s[1] == "/plans"][1]
    delete = [s for s in seen if s[0] == "DELETE"][0]
    yield "short profile names become full ones", carve["profiles"] == {"3g.40gb": 1, "1g.10gb": 1}
    split = [s[2] for s in seen if s[1] == "/plans"][-1]
    yield "a split is sent under the full name", split["compute"] == {"3g.40gb": ["1c", "2c"]}
    yield "a list is read to its last page", sum(s[1] == "/tasks" for s in seen) > 1 and next(TASK_PAGES)["items"]
    yield "a delete names the revision it saw", delete[3] == '"9"'
    made = [s[2] for s in seen if s[:2] == ("POST", "/vms")][0]
    yield "a template gives what is not said", made == {"name": "db-4", "template": "small", "start": False}
    claims = [[(d["group"], d["count"], d["optional"]) for d in s[2]["devices"]] for s in seen
              if s[:2] == ("POST", "/vms") and "devices" in s[2]]
    yield "a group is named by its name or id", claims == [[("a100-3g", 2, True), ("a30", 1, False)]]
    adopts = [s[2] for s in seen if s[1] == "/vms/theirs/adopt"]
    yield "nothing is adopted unasked", adopts == [{"preview": True}] * 3 + [{"confirm": True}]
    patch = [s for s in seen if s[0] == "PATCH"][0]
    yield "a place in the order", patch[2] == {"autostart": {"enabled": True, "order": 10, "delay_s": 30}}
    yield "every request carries the token", all(s[4] == "Bearer secret" for s in seen)


def main():
    facet, regenerate = sys.argv[1], "--regenerate" in sys.argv
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d" % server.server_address[1]
    failed = number = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name, arguments, status in CASES:
            number += 1
            got, text = run(facet, url, arguments, os.path.join(scratch, "config.json"))
            path = os.path.join(HERE, "expected", name + ".txt")
            if regenerate:
                with open(path, "w", encoding="utf-8") as out:
                    out.write(text)
            with open(path, encoding="utf-8") as want:
                good = got == status and text == want.read()
            failed += not good
            print("%sok %d - %s" % ("" if good else "not ", number, name))
            if not good:
                print("# exit %d, expected %d; output:\n# %s" % (got, status, text.replace("\n", "\n# ")))
    for name, good in checks():
        number += 1
        failed += not good
        print("%sok %d - %s" % ("" if good else "not ", number, name))
    print("1..%d" % number)
    return 1 if failed else 0


sys.exit(main())
