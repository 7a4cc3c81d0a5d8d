#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is made from the rows of the verbs: help, man pages, the guide's table and what completion offers. And that each verb
reads the options that its row has: a getter of another name would end the program.

usage: test_table.py FACET GUIDE [--regenerate]     prints TAP; --regenerate writes the golden files and the guide's table
"""
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
BEGIN, END = "<!-- made by tests/golden/cli/test_table.py --regenerate: begin -->\n", "<!-- end -->\n"
KINDS = {"TEXT": 0, "NUMBER": 1, "CHOICE": 2}
GOLDEN = [("help-vm-stop", ["vm", "stop", "--help"]), ("help-volume-create", ["volume", "create", "-h"]),
          ("help-vm-snapshot", ["help", "vm", "snapshot"]), ("man-gpu", ["__man", "gpu"]), ("man-facet", ["__man"])]
number = failed = 0


class Api(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = {"id": "one", "name": "one", "index": 0, "revision": 1, "state": "done", "mig": {"profiles": [{"name": "3g.40gb"}]},
                "disks": [{"target": "vda"}, {"target": "vdb"}], "verdicts": [], "secret": "s", "can_start": True}
        data = json.dumps(dict(name, items=[name, dict(name, id="two", name="two", index=1)])).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


def ok(good, name, note=""):
    global number, failed
    number += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", number, name))
    if not good:
        print("# " + str(note).replace("\n", "\n# "))


class Place:
    def __init__(self, facet, url, folder):
        self.facet, self.folder = os.path.abspath(facet), folder
        self.env = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8", "FACET_URL": url, "FACET_TOKEN": "secret",
                    "FACET_CONFIG": os.path.join(folder, "config.json")}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def run(self, words, text=""):
        done = subprocess.run([self.facet] + words, env=self.env, cwd=self.folder, input=text, capture_output=True, text=True,
                              timeout=120, check=False)
        return done.returncode, done.stdout, done.stderr


def rows(place):
    """[{words, summary, asks, operands: [(name, kind, times)], options: [(name, value, kind)]}]"""
    found = []
    for line in place.run(["__table"])[1].splitlines():
        what, *cells = line.split("\t")
        if what == "verb":
            found.append({"words": cells[0], "summary": cells[1], "asks": int(cells[2]), "operands": [], "options": []})
        elif what == "operand":
            found[-1]["operands"].append((cells[0], int(cells[1]), int(cells[2])))
        else:
            found[-1]["options"].append((cells[0], cells[1], int(cells[2])))
    return found


def golden(place, regenerate):
    for name, words in GOLDEN:
        path = os.path.join(HERE, "expected", name + ".txt")
        status, out, err = place.run(words)
        out = re.sub(r'"Facet [0-9.]+"', '"Facet VERSION"', out)
        if regenerate:
            with open(path, "w", encoding="utf-8") as file:
                file.write(out)
        with open(path, encoding="utf-8") as file:
            ok(status == 0 and out == file.read(), name, (status, out, err))


def guide(place, path, regenerate):
    table = place.run(["__guide"])[1]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, rest = text.split(BEGIN)
    shown, after = rest.split(END)
    if regenerate:
        with open(path, "w", encoding="utf-8") as file:
            file.write(before + BEGIN + table + END + after)
        shown = table
    ok(shown == table, "the guide's table is that of the program (tests/golden/cli/test_table.py FACET GUIDE --regenerate)", table)
    return table


def plain(roff):
    """The words of a page, as man shows them."""
    for name, text in (("\\-", "-"), ("\\(aq", "'"), ("\\(dq", '"'), ("\\&", ""), ("\\e", "\\")):
        roff = roff.replace(name, text)
    return re.sub(r"\\\[u([0-9A-F]+)\]", lambda m: chr(int(m.group(1), 16)), roff)


def pages(place, verbs):
    nouns = []
    for verb in verbs:
        noun = verb["words"].split()[0]
        if " " in verb["words"] and noun not in nouns:
            nouns.append(noun)
    texts = {noun: place.run(["__man"] + ([noun] if noun else []))[1] for noun in [""] + nouns}
    return texts


def each_verb(verbs, table, texts):
    for verb in verbs:
        page = plain(texts[verb["words"].split()[0] if " " in verb["words"] else ""])
        lines = [row for row in table.splitlines() if row.startswith("| `" + verb["words"] + ("`" if verb["words"] == "logout" else ""))]
        missing = ["--" + name for name, _, _ in verb["options"] if "--" + name not in page]
        kinds = [name for name, kind, _ in verb["operands"] if kind == KINDS["TEXT"]]
        # Words of which nothing can be offered, since the server has no list of them.
        free = {"URL", "MAC", "ADDRESS|none", "GIB", "SIZE", "SIZE[:POOL]|POOL/VOLUME"}
        ok(verb["summary"] and lines and '.SS "facet ' + verb["words"] in page and verb["summary"] in page and not missing and
           set(kinds) <= free, verb["words"] + ": summary, kinds of its words, guide and man page", (verb, lines, missing, kinds))


def man_takes_them(place, texts):
    tools = [t for t in (["groff", "-ww", "-man", "-Tutf8"], ["mandoc", "-T", "lint", "-W", "warning"]) if shutil.which(t[0])]
    for noun, text in texts.items():
        path = os.path.join(place.folder, "page.1")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        ok(text.isascii(), "man page %s: no character that a roff may not know" % noun)
        for tool in tools:
            done = subprocess.run(tool + [path], capture_output=True, text=True, timeout=60, check=False)
            ok(done.returncode == 0 and not done.stderr, "man page %s: %s has no warning" % (noun, tool[0]), done.stderr)
    if not tools:
        print("# neither groff nor mandoc is here: what they think of the pages is not asked")


def value_of(value, kind):
    if kind == KINDS["NUMBER"]:
        return "1"
    return value.split("|")[0] if kind == KINDS["CHOICE"] else "one"


def getters(place, verbs):
    """Each verb with all of its options and with none: what it asks of its words is in its row, or it would be killed."""
    for verb in verbs:
        bad = []
        words = [value_of(name, kind) for name, kind, _ in verb["operands"]]
        options = [part for name, value, kind in verb["options"]
                   for part in (["--" + name, value_of(value, kind)] if value else ["--" + name])]
        needed = [value_of(name, kind) for name, kind, times in verb["operands"] if times == 0]
        yes = ["--yes"] if verb["asks"] else []

        def look(given):
            status, out, err = place.run(verb["words"].split() + given, "old\nnew\n")
            if status < 0 or "in its row" in err or "is missing" in err or "too many" in err or "no option" in err:
                bad.append((given, status, out, err))
            return status

        look(needed + yes)
        # Where options exclude one another, each is tried alone.
        if options != yes and look(words + options) == 2:
            for name, value, kind in verb["options"]:
                look(words + ["--" + name] + ([value_of(value, kind)] if value else []) + (yes if name != "yes" else []))
        ok(not bad, verb["words"] + ": reads what its row has", bad[:1])


def offers(place):
    """What may stand next. The last word is the one that is typed."""
    one, none = ["one", "two"], []
    cases = [
        (["vm", "s"], ["snapshot", "start", "stop", "show"], True), (["vm", "snapshot", ""], ["list", "create", "revert", "delete"], False),
        (["vm", "snapshot", "delete", "one", ""], one, False), (["vm", "snapshot", "create", "one", ""], none, False),
        (["vm", "snapshot", "delete", "one", "two", ""], ["--no-wait", "--yes", "--json", "--help"], False),
        (["vm", "disk", "remove", "one", ""], ["vda", "vdb"], False), (["vm", "rename", "one", ""], none, False),
        (["vm", "stop", "-"], ["--force", "--yes", "--json", "--help"], False),
        (["vm", "stop", "--force", "-"], ["--yes", "--json", "--help"], False), (["vm", "stop", "--force", ""], one, False),
        (["vm", "stop", "--", "-"], one, False), (["vm", "create", "n", "--template", ""], one, False),
        (["vm", "create", "-t", "", ], one, False), (["vm", "create", "n", "--template=o"], ["--template=one", "--template=two"], False),
        (["vm", "create", "--image", "one", ""], none, False), (["vm", "create", "n", "--os", ""], ["linux", "windows", "other"], False),
        (["vm", "create", "n", "--ssh-key", ""], ["\tfiles"], False), (["vm", "create", "n", "--cpus", ""], none, False),
        (["vm", "clone", "one", "two", "--snapshot", ""], one, False), (["gpu", "mig", "0", ""], ["on", "off"], False),
        (["gpu", "carve", "0", "--compute", ""], ["3g.40gb="], False), (["gpu", "show", ""], ["0", "1"], False),
        (["file", "upload", ""], ["\tfiles"], False), (["file", "upload", "x", ""], none, False),
        (["file", "download", "one", ""], ["\tfiles"], False), (["volume", "create", "--copy", ""], one, False),
        (["token", "create", "n", "--role", ""], ["admin", "operator", "viewer"], False), (["completion", ""], ["bash", "zsh", "fish"], False),
        (["--"], ["--url", "--ca", "--json", "--help", "--version"], False), (["--ca", ""], ["\tfiles"], False),
        (["--url", ""], none, False), (["--url", "https://h", "--json", "gpu", "m"], ["mig"], True),
        (["help", "vm", "snapshot", ""], ["list", "create", "revert", "delete"], False), (["nope", ""], none, False),
        (["", ""], none, False), ([], ["login", "help"], True),
    ]
    for words, wanted, more in cases:
        status, out, err = place.run(["__complete"] + words)
        got = out.splitlines()
        ok(status == 0 and (set(wanted) <= set(got) if more else sorted(got) == sorted(wanted)), "offered: facet " + " ".join(words),
           (got, err))


def main():
    facet, path, regenerate = sys.argv[1], sys.argv[2], "--regenerate" in sys.argv
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(facet, "http://127.0.0.1:%d" % server.server_address[1], folder)
        golden(place, regenerate)
        table = guide(place, path, regenerate)
        verbs = rows(place)
        texts = pages(place, verbs)
        each_verb(verbs, table, texts)
        man_takes_them(place, texts)
        offers(place)
        getters(place, verbs)
    print("1..%d" % number)
    return 1 if failed else 0


sys.exit(main())
