#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Words of the command line (cli-api-docs.md C1 to C4): completion in real shells with names that attack whoever types,
help that never acts, and questions before anything is deleted.

usage: test_words.py FACET     prints TAP
"""
import http.server
import json
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import threading

HOSTILE = ["$(touch PWNED)", "`touch PWNED`", "${HOME}", "a b", "it's", 'say "x"', "semi;touch PWNED", "pipe|touch PWNED",
           "&touch PWNED", "*", "?", "[a-z]*", "~root", "back\\slash", "#hash", "a=b", "--yes", "-rf", "!!", "{1..9}",
           "line\nbreak", "bell\u0007", "tab\tx", "esc\u001b[31m", "bidi\u202egpj.exe", "ünïcode", "plain", "pool:a b"]
OFFERED = [n for n in HOSTILE if n.isprintable() and not n.startswith("-")]
# The noun, the words before the one that is typed, the member that names its objects.
NOUNS = [("/vms", ["vm", "start"], "name"), ("/vms", ["vm", "delete"], "name"), ("/files", ["file", "delete"], "name"),
         ("/templates", ["template", "show"], "name"), ("/networks", ["network", "show"], "name"),
         ("/pools", ["pool", "start"], "name"), ("/volumes", ["volume", "delete"], "id"), ("/images", ["image", "show"], "id"),
         ("/resource-groups", ["group", "delete"], "id"), ("/tokens", ["token", "delete"], "id"),
         ("/tasks", ["task", "watch"], "id"), ("/gpus", ["gpu", "show"], "index"),
         ("/vms/v/snapshots", ["vm", "snapshot", "delete", "v"], "name"),
         # Values of options.
         ("/images", ["vm", "create", "n", "--image"], "id"), ("/templates", ["vm", "create", "-t"], "name"),
         ("/vms/v/snapshots", ["vm", "clone", "v", "w", "--snapshot"], "name")]
seen = []
bearers = []
number = failed = 0


class Api(http.server.BaseHTTPRequestHandler):
    def answer(self):
        path = self.path.split("?")[0].removeprefix("/api/v1")
        seen.append((self.command, path))
        bearers.append((self.command, path, self.headers.get("Authorization")))
        items = [{"id": n, "name": n, "index": n, "revision": 1} for n in HOSTILE]
        body = {"items": items, "id": "x", "name": "x", "revision": 1, "secret": "later", "interrupts": ["db-2"],
                "description": "\n".join(HOSTILE)}
        refused = path.endswith("/refused")
        if refused:
            body = {"error": {"code": "conflict", "message": "It is " + " ".join(HOSTILE), "next": "\u001b]0;x\u0007"}}
        data = json.dumps(body).encode()
        self.send_response(409 if refused else 200)
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
        self.folder = folder
        self.bin = os.path.join(folder, "bin")
        os.mkdir(self.bin)
        os.symlink(os.path.abspath(facet), os.path.join(self.bin, "facet"))
        self.env = {"PATH": self.bin + ":" + os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8", "FACET_URL": url,
                    "FACET_TOKEN": "secret", "FACET_CONFIG": os.path.join(folder, "config.json"), "TERM": "dumb"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def run(self, arguments, text=None):
        done = subprocess.run(arguments, env=self.env, cwd=self.folder, input=text or "", capture_output=True, text=True,
                              timeout=120, check=False)
        return done.returncode, done.stdout, done.stderr

    def pwned(self):
        return [f for f in os.listdir(self.folder) if f not in ("bin", ".cache", ".config", ".local", "config.json",
                                                                  ".zcompdump")]


def bash_completion(place):
    """Each candidate is what readline would insert: the shell must read it back as the very name, and as one word."""
    script = """
eval "$(facet completion bash)"
COMP_WORDS=(facet %s ''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { :; }
_facet
for word in "${COMPREPLY[@]}"; do eval "set -- $word"; printf '%%s %%s\\0' "$#" "$1"; done
"""
    for path, words, _ in NOUNS:
        _, out, err = place.run(["bash", "--norc", "-c", script % " ".join(words)])
        got = sorted(out.split("\0")[:-1])
        ok(got == sorted("1 " + n for n in OFFERED) and not place.pwned(), "bash: names of " + path, (got, err, place.pwned()))
    typed = script.replace("''); COMP_CWORD", "'a\\ '); COMP_CWORD")
    _, out, err = place.run(["bash", "--norc", "-c", typed % "file delete"])
    ok(out == "1 a b\0", "bash: a word with a blank, begun", (out, err))
    bash_pieces(place, script)


def bash_pieces(place, script):
    """bash breaks a word at = and : and gives the pieces; readline keeps those before the one that is typed."""
    behind = sorted("1 " + n for n in HOSTILE if n.isprintable())
    for line, pieces, wanted in (("vm create n --image=", "vm create n --image =", behind), ("vm create n --image=pla", "vm create n --image = pla", ["1 plain"]),
                                 ("volume delete pool:", "volume delete pool :", ["1 a b"]),
                                 ("volume delete pool:a", "volume delete pool : a", ["1 a b"])):
        code = script.replace("COMP_WORDS=(facet %s '')", "COMP_LINE='facet " + line + "'; COMP_WORDS=(facet " + pieces + ")")
        _, out, err = place.run(["bash", "--norc", "-c", code.replace("%%", "%")])
        ok(sorted(out.split("\0")[:-1]) == wanted and not place.pwned(), "bash: " + line, (out, err, place.pwned()))
    code = script.replace("compopt() { :; }", "compopt() { echo \"$*\"; }") % "file upload"
    _, out, err = place.run(["bash", "--norc", "-c", code])
    ok(out == "-o default -o filenames\n", "bash: files of this machine", (out, err))
    _, out, err = place.run(["bash", "--norc", "-c", script.replace("''); COMP_CWORD", "--f); COMP_CWORD") % "vm stop"])
    ok(out == "1 --force\0", "bash: an option", (out, err))


# A terminal of zsh's own: TAB inserts what is offered, and what the line holds then is printed as the shell reads it.
ZSH = """
zmodload zsh/zpty
zpty -b z zsh -f -i
tell() { zpty -w z "$1"; }
tell 'PS1=; autoload -Uz compinit; compinit -u -D; eval "$(facet completion zsh)"; setopt no_beep'
tell 'show() { local -a w; w=("${(@Q)${(z)BUFFER}}"); print -r -- ${w[-1]} >>got; BUFFER=; }'
tell 'zle -N show; bindkey "^X" show; bindkey "^I" complete-word; unsetopt auto_menu list_ambiguous; print ready >ready'
for i in {1..300}; do [[ -e ready ]] && break; sleep 0.1; done
for begun in "$@"; do
    before=$(wc -l <got 2>/dev/null || print 0)
    zpty -n -w z "$begun"$'\\t'
    sleep 0.3
    zpty -n -w z $'\\C-x'
    for i in {1..100}; do [[ $(wc -l <got 2>/dev/null || print 0) -gt $before ]] && break; sleep 0.1; done
done
zpty -d z
"""


def zsh_completion(place):
    for name, begun in (("$(touch PWNED)", "\\$\\("), ("`touch PWNED`", "\\`"), ("semi;touch PWNED", "semi"), ("it's", "it"),
                        ("plain", "pl"), ("back\\slash", "ba"), ("--image=plain", "--image=pl"), ("--image=semi;touch PWNED", "--image=semi"),
                        ("--image", "--ima"), ("pool:a b", "pool:")):
        for words in ("vm create n " if begun.startswith("--") else "file delete ",):
            for leftover in ("got", "ready"):
                if os.path.exists(os.path.join(place.folder, leftover)):
                    os.unlink(os.path.join(place.folder, leftover))
            place.run(["zsh", "-f", "-c", ZSH, "zsh", "facet " + words + begun])
            path = os.path.join(place.folder, "got")
            got = open(path, encoding="utf-8").read() if os.path.exists(path) else ""
            for leftover in ("got", "ready"):
                if os.path.exists(os.path.join(place.folder, leftover)):
                    os.unlink(os.path.join(place.folder, leftover))
            ok(got == name + "\n" and not place.pwned(), "zsh: %s%s" % (words, name), (got, place.pwned()))


def fish_completion(place):
    for path, words, _ in NOUNS:
        code = 'facet completion fish | source; complete -C "facet %s "' % " ".join(words)
        _, out, err = place.run(["fish", "--no-config", "-c", code])
        # fish itself looks for names that begin with a dash among options; the order is its own.
        got = {line.split("\t")[0] for line in out.splitlines()}
        ok(len(got) == len(OFFERED) and "plain" in got and not place.pwned(), "fish: names of " + path,
           (sorted(got), err, place.pwned()))
    for line, wanted in (("vm stop --f", {"--force"}), ("vm create n --image=pla", {"--image=plain"}), ("gpu mig plain o", {"on", "off"})):
        _, out, err = place.run(["fish", "--no-config", "-c", 'facet completion fish | source; complete -C "facet %s"' % line])
        ok({row.split("\t")[0] for row in out.splitlines()} == wanted, "fish: " + line, (out, err))
    with open(os.path.join(place.folder, "config.json"), "w", encoding="utf-8") as file:
        file.write("{}")
    _, out, err = place.run(["fish", "--no-config", "-c", 'facet completion fish | source; complete -C "facet file upload conf"'])
    ok(out.split("\t")[0].strip() == "config.json", "fish: files of this machine", (out, err))
    os.unlink(os.path.join(place.folder, "config.json"))


def verbs(place):
    _, out, _ = place.run(["facet", "--help"])
    return [line[2:].split("  ")[0].split() for line in out.splitlines() if line.startswith("  ")]


def help_never_acts(place):
    for verb in verbs(place):
        del seen[:]
        bad = []
        for words in (["--help"], ["x", "--yes", "-h"]):
            status, out, err = place.run(["facet"] + verb + words)
            if status or "Usage:" not in out:
                bad.append((words, status, out, err))
        status, out, err = place.run(["facet"] + verb + ["--no-such-option"])
        if status != 2 or out:
            bad.append((status, out, err))
        ok(not bad and not seen, " ".join(verb) + ": help never acts, unknown options are refused", (bad, seen))


def is_harmless(text):
    return all(c.isprintable() or c in "\n\t" for c in text)


def nothing_acts_on_the_terminal(place):
    """Tables, the members of an object, the sentence of a refusal and what it says to do; and JSON on a terminal."""
    for words in (["file", "list"], ["file", "show", "x"], ["file", "show", "refused"], ["file", "delete", "refused", "--yes"]):
        status, out, err = place.run(["facet"] + words)
        ok(is_harmless(out + err) and "\\u{001B}" in out + err and "ünïcode" in out + err, " ".join(words) + ": nothing acts",
           (status, out, err))
    _, out, _ = place.run(["facet", "file", "show", "x"])
    ok(not any(line.startswith("--yes") for line in out.splitlines()), "file show: a text with lines stays one member", out)
    typed = shutil.which("script")
    if typed:
        _, out, _ = place.run([typed, "-qec", "facet --json file show x", "/dev/null"])
        ok(is_harmless(out.replace("\r\n", "\n")) and "\\u202E" in out, "--json on a terminal: nothing acts", out)
    for words in (["--json", "file", "show", "x"], ["file", "show", "x", "--json"]):
        _, out, _ = place.run(["facet"] + words)
        ok(json.loads(out)["description"] == "\n".join(HOSTILE), " ".join(words) + ": the very characters for a program", out)


def questions_are_seen(place):
    """Before the answer is typed: whoever does not see the question types nothing."""
    for words, question in ((["pool", "stop", "x"], b"[y/N] "), (["file", "delete", "x"], b"[y/N] "),
                            (["login", "--user", "admin"], b": ")):
        master, slave = pty.openpty()
        child = subprocess.Popen(["facet"] + words, env=place.env, cwd=place.folder, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        seen_text = b""
        try:
            while question not in seen_text and select.select([master], [], [], 60)[0]:
                seen_text += os.read(master, 4096)
        except OSError:  # it has ended
            pass
        child.kill()
        child.wait()
        os.close(master)
        ok(question in seen_text, " ".join(words) + ": the question is seen", seen_text)


DELETES = [["file", "delete", "x"], ["template", "delete", "x"], ["token", "delete", "x"], ["volume", "delete", "x"],
           ["vm", "delete", "x"], ["vm", "drop-saved", "x"], ["vm", "snapshot", "delete", "x", "s"], ["vm", "snapshot", "revert", "x", "s"],
           ["network", "delete", "x"], ["pool", "delete", "x"], ["group", "delete", "plain"], ["vm", "disk", "remove", "x", "vda"]]
# What is lost can be begun again: asked at a terminal, and a script goes on.
STOPS = [["vm", "stop", "x"], ["vm", "stop", "x", "--force"], ["vm", "reboot", "x"], ["vm", "reboot", "x", "--force"],
         ["vm", "restart", "x"], ["vm", "restart", "x", "--force"], ["vm", "release", "x"], ["pool", "stop", "x"],
         ["network", "edit", "x", "--subnet", "10.9.0.0/24"], ["user", "password", "--end-tokens"]]
# These ask by their plan, or what they would take over.
PLANS = [["gpu", "carve"], ["gpu", "mig"], ["task", "undo"], ["vm", "adopt"]]


def names_with_a_dash(place):
    """Behind a -- each word is a name."""
    for words, sent in ((["file", "delete", "--yes", "--", "-odd.iso"], ("DELETE", "/files/-odd.iso")),
                        (["file", "delete", "--yes", "--", "odd.iso"], ("DELETE", "/files/odd.iso")),
                        (["file", "show", "--", "--help"], ("GET", "/files/--help")), (["file", "show", "--", "--"], ("GET", "/files/--"))):
        del seen[:]
        status, _, err = place.run(["facet"] + words)
        ok(sent in seen, " ".join(words) + ": a name", (status, err, seen))


def deletes_ask(place):
    for words in DELETES:
        del seen[:]
        status, _, err = place.run(["facet"] + words)
        # A preview changes nothing.
        ok(status == 2 and "--yes" in err and all(s[0] == "GET" or s[1].endswith("/preview") for s in seen),
           " ".join(words) + ": refused where nobody can be asked", (status, err, seen))


def stops_ask(place):
    for words in STOPS:
        del seen[:]
        ours, terminal = os.openpty()
        os.write(ours, b"n\n")
        done = subprocess.run(["facet"] + words, env=place.env, cwd=place.folder, stdin=terminal, capture_output=True, text=True,
                              timeout=120, check=False)
        os.close(ours)
        os.close(terminal)
        ok(done.returncode == 2 and "Nothing was changed." in done.stderr and
           all(s[0] == "GET" or s[1].endswith("/preview") for s in seen),
           " ".join(words) + ": asked at a terminal", (done.returncode, done.stdout, done.stderr, seen))
        for more in (["--yes"], []):
            del seen[:]
            place.run(["facet"] + words + more, "old password\nnew password\n")
            ok(any(s[0] != "GET" and not s[1].endswith("/preview") for s in seen), " ".join(words + more) + ": a script goes on", seen)


def the_list_is_whole(place):
    """Whichever verb takes --yes is in one of the lists above, and the other way round."""
    asks = {tuple(verb) for verb in verbs(place) if "--yes" in place.run(["facet"] + verb + ["--help"])[1]}
    listed = {tuple(verb) for verb in verbs(place) for words in DELETES + STOPS + PLANS if words[:len(verb)] == verb}
    ok(asks == listed, "each verb that asks is tried", asks ^ listed)


def objects(place):
    for words in (["file", "delete", "x", "--yes"], ["token", "delete", "x", "--yes"], ["pool", "delete", "x", "--yes"],
                  ["vm", "release", "x"], ["logout"]):
        status, out, err = place.run(["facet", "--json"] + words)
        try:
            good = status == 0 and isinstance(json.loads(out), dict)
        except ValueError:
            good = False
        ok(good, " ".join(words) + " --json: an object", (status, out, err))


def numbers(place):
    for words in (["vm", "create", "n", "--image", "i", "--cpus", "0"], ["vm", "edit", "n", "--memory", "0"],
                  ["template", "create", "n", "--disk", "-1"], ["vm", "autostart", "n", "--order", "0"],
                  ["vm", "autostart", "n", "--wait", "-1"], ["volume", "create", "n", "--size", "0"],
                  ["network", "create", "n", "--direct", "eno1", "--vlan", "-1"],
                  ["network", "edit", "n", "--vlan", "-1"]):
        status, _, err = place.run(["facet"] + words)
        ok(status == 2 and words[-2] in err, " ".join(words) + ": refused by the name of the option", (status, err))


def tables(place):
    """One line an object, whatever its name is."""
    for noun in ("vm", "file", "template", "network", "pool", "volume", "image", "token"):
        status, out, err = place.run(["facet", noun, "list"])
        lines = out.split("\n")
        ok(status == 0 and len(lines) == len(HOSTILE) + 2 and all(l.isprintable() for l in lines),
           noun + " list: a line each, and nothing that a terminal acts on", (status, out, err))


def local_files(place):
    for words in (["file", "upload", "/no/such"], ["volume", "upload", "/no/such"], ["audit", "export", "/no/such/file"]):
        status, _, err = place.run(["facet"] + words)
        ok(status == 2 and "Check the path." in err and "field" not in err, " ".join(words) + ": says what to do", (status, err))


def login_again(place):
    """The login that was there ends at the server that it is of, once the new one is kept."""
    path = place.env["FACET_CONFIG"]
    for url, works in ((place.env["FACET_URL"], True), ("http://127.0.0.1:1", False)):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"url": url, "token": "former", "ca": ""}, file)
        del bearers[:]
        status, _, err = place.run(["facet", "login", place.env["FACET_URL"]], "password\n")
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)["token"]
        ended = ("DELETE", "/session", "Bearer former") in bearers
        ok(status == 0 and kept == "later" and ended == works and (url in err) != works,
           "login again: the former login at %s" % ("the server ends" if works else "a server that is gone is told of"),
           (status, kept, bearers, err))
    os.unlink(path)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d" % server.server_address[1]
    with tempfile.TemporaryDirectory() as folder:
        place = Place(sys.argv[1], url, folder)
        for shell, test in (("bash", bash_completion), ("zsh", zsh_completion), ("fish", fish_completion)):
            if shutil.which(shell):
                test(place)
            else:
                print("# %s is not here: its completion is not tried" % shell)
        for test in (help_never_acts, names_with_a_dash, deletes_ask, stops_ask, the_list_is_whole, objects, numbers, tables,
                     nothing_acts_on_the_terminal, questions_are_seen, local_files, login_again):
            test(place)
    print("1..%d" % number)
    return 1 if failed else 0


sys.exit(main())
