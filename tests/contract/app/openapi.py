#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server against api/openapi.yaml: the same routes and actions, and answers that obey the schemas.

usage: openapi.py OPENAPI LIST-ROUTES SIM HELPER FACETD

Every answer of a real facetd on a simulated host goes through the schema that the contract gives for its operation and
status. Answers of errors too: a status that the operation does not list is a fault, but for those that any address may give.
"""
import gzip
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import warnings

import jsonschema

HERE = os.path.dirname(os.path.abspath(__file__))
JOIN = os.path.join(HERE, "..", "..", "..", "tools", "join-openapi")
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
from facet_host import Host  # noqa: E402

# Debian 12's jsonschema has nothing newer than RefResolver; later ones warn of it.
warnings.simplefilter("ignore", DeprecationWarning)

ANY_ADDRESS = {405, 413}
METHODS = ("get", "post", "put", "patch", "delete")


# JSON Schema's names and those of the server's table; what is of another type.
TYPES = {"string": "text", "integer": "int", "boolean": "bool", "array": "list"}
WRONG = {"text": (5, None), "int": ("5", None), "bool": ("true", None), "list": ({}, None), "object": ("x", None)}


def said(members):
    return " ".join(sorted(f"{name}:{kind}" for name, kind in members.items()))


def in_order(line):
    """A line of LIST-ROUTES with its members sorted."""
    method, route, action, *members = line.split("\t")
    return "\t".join((method, route, action, *(" ".join(sorted(m.split())) for m in members)))


class Contract:
    def __init__(self, path):
        self.doc = json.loads(subprocess.run([JOIN, path], check=True, stdout=subprocess.PIPE).stdout)
        self.resolver = jsonschema.RefResolver("", self.doc)
        self.operations = {}
        self.seen = set()
        for route, item in self.doc["paths"].items():
            for method in METHODS:
                if method in item:
                    self.operations[method.upper(), route] = item[method]

    def routes(self):
        return {"\t".join((method, route, "-" if operation.get("security") == [] else operation.get("x-action"),
                           said(self.query(method, route)), said(self.body(method, route))))
                for (method, route), operation in self.operations.items()}

    def query(self, method, route):
        """{name: type} as src/app/api/members.h names them"""
        given = self.doc["paths"][route].get("parameters", []) + self.operations[method, route].get("parameters", [])
        return {p["name"]: self.type_of(p["schema"]) for p in map(self.deref, given) if p["in"] == "query"}

    def body(self, method, route):
        content = self.deref(self.operations[method, route].get("requestBody", {})).get("content", {})
        schema = self.deref(content.get("application/json", {}).get("schema", {}))
        null = "?" if (method, route) == ("POST", "/vms") else ""  # null in place of anything that its template has
        return {name: self.type_of(s).rstrip("?") + ("" if name in ("name", "template", "start") else null) if null else self.type_of(s)
                for name, s in schema.get("properties", {}).items()}

    def examples(self, method, route):
        """Of bodies: {name: body}"""
        content = self.operations[method, route].get("requestBody", {}).get("content", {}).get("application/json", {})
        return {name: example["value"] for name, example in content.get("examples", {}).items()}

    def type_of(self, schema):
        schema = self.deref(schema)
        if "enum" in schema:
            return "bool" if schema["enum"] == ["0", "1"] else "text"
        kinds = schema["type"] if "type" in schema else [self.type_of(s) for s in schema.get("anyOf", schema.get("oneOf"))]
        kinds = [TYPES.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
        return kinds[0] + ("?" if "null" in kinds[1:] else "")

    def lists(self):
        """Addresses of what answers {items: […]}"""
        for (method, route), operation in self.operations.items():
            content = self.deref(operation["responses"].get("200", {})).get("content", {})
            schema = self.deref(content.get("application/json", {}).get("schema", {}))
            if method == "GET" and "items" in schema.get("properties", {}):
                yield route

    def deref(self, value):
        while "$ref" in value:
            value = self.resolver.resolve(value["$ref"])[1]
        return value

    def find(self, method, path):
        path = path.split("?")[0]
        exact = self.operations.get((method, path))
        if exact:
            return path, exact
        for (has, route), operation in self.operations.items():
            if has == method and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", route), path):
                return route, operation
        raise AssertionError(f"the contract has no {method} {path}")

    def check(self, method, path, status, answer):
        route, operation = self.find(method, path)
        self.seen.add((method, route))
        response = operation["responses"].get(str(status))
        if response is None:
            assert status in ANY_ADDRESS, f"{method} {path}: {status} is not in the contract: {answer}"
            response = {"$ref": "#/components/responses/Internal"}
        response = self.deref(response)
        if "content" not in response:
            assert answer is None, f"{method} {path}: {status} has a body: {answer}"
            return
        schema = response["content"]["application/json"]["schema"]
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        faults = [f"{'/'.join(str(p) for p in e.absolute_path)}: {e.message[:300]}" for e in validator.iter_errors(answer)]
        assert not faults, f"{method} {path}: {status}:\n  " + "\n  ".join(faults[:10])


class Client:
    """Host.raw with every answer checked."""

    def __init__(self, host, contract):
        self.host = host
        self.contract = contract

    def __call__(self, method, path, status, body=None, headers=None):
        has, got_headers, answer = self.host.raw(method, path, body, headers)
        self.contract.check(method, path, has, answer)
        assert has == status, f"{method} {path}: {has} instead of {status}: {answer}"
        if answer and isinstance(answer.get("revision"), int):
            seen = '"[0-9a-f]+"' if method != "GET" else '"%d-[0-9a-f]{32}"' % answer["revision"]
            assert re.fullmatch(seen, got_headers.get("ETag", "")), got_headers
            assert method == "GET" or got_headers["ETag"] == f'"{answer["revision"]}"', got_headers
        return answer


def test_reading(api):
    for path in ("/version", "/session", "/tokens", "/nodes", "/nodes/test-node", "/gpus", "/gpus/0", "/gpus/1",
                 "/resource-groups", "/plans", "/tasks", "/events", "/audit", "/samples", "/samples?seconds=900&step=4&subjects=host,gpu/none,vm/none",
                 "/samples?subjects=gpus", "/images", "/files"):
        api("GET", path, 200)
    for path in ("/nodes/none", "/gpus/9", "/resource-groups/none", "/plans/none", "/tasks/none"):
        api("GET", path, 404)
    for path in ("/tasks?limit=0", "/tasks?state=odd", "/events?limit=x", "/audit?limit=501", "/samples?seconds=0",
                 "/samples?step=0", "/samples?subjects=cards", "/samples?subjects=vm/", "/samples?subjects=" + "vm/x," * 32 + "host"):
        api("GET", path, 400)


def test_contract(api):
    """What facetd says of itself is what the source says, for whoever asks."""
    token, api.host.token = api.host.token, None
    assert api("GET", "/openapi.json", 200) == api.contract.doc
    api.host.token = token


def test_without_libvirt(api):
    """This facetd was given no libvirt: it says so, and serves the rest."""
    for path in ("/vms", "/vms/db-2", "/vms/db-2/preflight", "/networks", "/networks/default", "/host-interfaces",
                 "/pools", "/pools/facet", "/volumes", "/volumes/facet:a", "/volumes/facet:a/content"):
        api("GET", path, 501)


def test_without_sign_in(api):
    token, api.host.token = api.host.token, None
    for (method, route), operation in api.contract.operations.items():
        if operation.get("security") != []:
            api(method, re.sub(r"\{[^}]+\}", "x", route), 401, {} if method in ("POST", "PUT", "PATCH") else None)
    api.host.token = token


def refused(api, method, path, field, body=None):
    answer = api(method, re.sub(r"\{[^}]+\}", "x", path), 400, body)
    assert answer["error"]["details"].get("field") == field, (method, path, body, answer)


def test_queries(api):
    """A mistyped query is never taken for none: that would delete what was to be kept."""
    for method, route in api.contract.operations:
        refused(api, method, route + "?colour=red", "colour")
        for name, kind in api.contract.query(method, route).items():
            refused(api, method, f"{route}?{name}", "query")
            refused(api, method, f"{route}?{name}=1&{name}=0", "query")
            for odd in ("yes", "True", "on", "") if kind == "bool" else ():
                refused(api, method, f"{route}?{name}={odd}", name)


def test_bodies(api):
    """A value of another type is never taken for a value that was left out."""
    for method, route in api.contract.operations:
        if method == "GET" or route.endswith("/content"):
            continue
        members = api.contract.body(method, route)
        refused(api, method, route, "colour", {"colour": "red"})
        for name, kind in members.items():
            for odd in WRONG[kind.rstrip("?")]:
                if odd is not None or "?" not in kind:
                    refused(api, method, route, name, {name: odd})


def test_examples(api):
    """What the contract shows as a body is one: it may fail by what this host has, not as a bad request."""
    seen = 0
    for method, route in api.contract.operations:
        if route in ("/session", "/account/password", "/templates"):  # would sign in; an image and a VM that are not here
            continue
        for name, body in api.contract.examples(method, route).items():
            path = re.sub(r"\{[^}]+\}", "x", route)
            has, _, answer = api.host.raw(method, path, body, {"If-Match": "*"})
            api.contract.check(method, path, has, answer)
            assert has != 400, (method, route, name, answer)
            seen += 1
    assert seen


def key_of(item):
    """What tells an item of a list from all others."""
    return tuple(item[name] for name in ("id", "pool", "name", "time_ms", "minute_ms", "address") if name in item)


def walk(api, path, limit):
    """All items, page by page."""
    items, cursor = [], ""
    while cursor is not None:
        page = api("GET", f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor and '&cursor=' + cursor}", 200)
        assert len(page["items"]) <= limit and ("next" not in page or len(page["items"]) == limit), (path, page)
        items += page["items"]
        cursor = page.get("next")
    return items


def check_pages(api, path, limit=1):
    """The pages together are the whole list; what came to it meanwhile, at either end, is left aside."""
    whole = [key_of(i) for i in walk(api, path, 500)]
    paged = [key_of(i) for i in walk(api, path, limit)]
    assert len(set(whole)) == len(whole) and len(set(paged)) == len(paged), path
    assert [k for k in paged if k in whole] == [k for k in whole if k in paged], path
    assert len(paged) >= len(whole) - (path == "/samples"), path  # the oldest sample may have gone
    return len(whole)


def check_cursors(api, path, other):
    for odd in ("x", "====", "W10", "bnVsbA", "WyIvdm1zIiwiIiwiIixdCg", other):
        assert api("GET", f"{path}?cursor={odd}", 400)["error"]["details"]["field"] == "cursor", (path, odd)


def test_pages(api):
    """Every list of the contract, one item a page; the ones that need libvirt are in vm_list.py."""
    api("POST", "/resource-groups", 201, {"name": "first", "rules": {}})
    api("POST", "/resource-groups", 201, {"name": "second", "rules": {}})
    token = api("POST", "/tokens", 201, {"name": "second", "role": "viewer"})
    other = api("GET", "/audit?limit=1", 200)["next"]
    seen = {}
    for path in sorted(api.contract.lists()):
        if "{" not in path and api.host.raw("GET", path)[0] != 501:
            seen[path] = check_pages(api, path)
            check_cursors(api, path, other if path != "/audit" else "x")
    assert {"/gpus", "/resource-groups", "/tokens", "/audit", "/samples"} <= {p for p, n in seen.items() if n > 1}, seen
    api("DELETE", "/tokens/" + token["id"], 204)


def test_pages_of_what_changes(api):
    """What goes or comes between two pages neither repeats nor hides another item."""
    made = [api("POST", "/resource-groups", 201, {"name": f"page {i}", "rules": {}})["id"] for i in range(4)]
    whole = [i["id"] for i in api("GET", "/resource-groups", 200)["items"]]
    at = whole.index(made[1]) + 1
    page = api("GET", f"/resource-groups?limit={at}", 200)
    assert page["items"][-1]["id"] == made[1]
    for gone in made[:2]:  # the item that the cursor tells of is among them
        api("DELETE", "/resource-groups/" + gone, 204)
    made.append(api("POST", "/resource-groups", 201, {"name": "page 4", "rules": {}})["id"])
    rest = [i["id"] for i in api("GET", f"/resource-groups?cursor={page['next']}", 200)["items"]]
    assert rest[:3] == [made[2], made[3], made[4]] and rest[3:] == whole[at + 2:], rest
    for left in made[2:]:
        api("DELETE", "/resource-groups/" + left, 204)


def test_tokens(api):
    api("POST", "/tokens", 400, {"name": ""})
    api("POST", "/session", 401, {"username": "admin", "password": "wrong"})
    made = api("POST", "/tokens", 201, {"name": "laptop", "role": "viewer"})
    api("DELETE", "/tokens/" + made["id"], 204)
    api("DELETE", "/tokens/" + made["id"], 404)


def test_groups(api):
    wish = {"name": "big", "rules": {"profile": "3g.40gb"}}
    made = api("POST", "/resource-groups", 201, wish)
    path = "/resource-groups/" + made["id"]
    api("POST", "/resource-groups", 409, wish)
    api("POST", "/resource-groups", 400, {"name": "odd", "rules": {"colour": "red"}})
    api("PUT", path, 428, wish)
    api("PUT", path, 412, wish, {"If-Match": '"1"'})
    changed = api("PUT", path, 200, {**wish, "description": "for training"}, {"If-Match": f'"{made["revision"]}"'})
    assert changed["revision"] > made["revision"]
    api("DELETE", path, 412, None, {"If-Match": f'"{made["revision"]}"'})
    api("DELETE", path, 204, None, {"If-Match": f'"{changed["revision"]}"'})


def etag_of(api, path):
    status, headers, _ = api.host.raw("GET", path)
    assert status == 200 and re.fullmatch(r'"([0-9]+-)?[0-9a-f]{32}"', headers.get("ETag", "")), (path, status, headers)
    return headers["ETag"]


def test_etags(api):
    """Who has an answer gets 304 until it is another; for a change the revision in the ETag counts."""
    path = "/resource-groups/" + api("POST", "/resource-groups", 201, {"name": "seen", "rules": {}})["id"]
    for steady in ("/version", "/openapi.json", "/session", "/resource-groups", path, "/images", "/plans"):
        etag = etag_of(api, steady)
        for known in (etag, "W/" + etag, f'"x", {etag}', "*"):
            for method in ("GET", "HEAD"):
                status, headers, answer = api.host.raw(method, steady, None, {"If-None-Match": known})
                assert (status, answer, headers.get("ETag")) == (304, None, etag), (method, steady, known, status, headers)
                assert headers["Connection"] == "close", headers  # libsoup closes it: said, no client loses a request
        assert api.host.raw("GET", steady, None, {"If-None-Match": '"x"'})[0] == 200
        if steady != "/openapi.json":
            api.contract.check("GET", steady, 304, None)
    before = etag_of(api, path)
    assert api.host.raw("GET", "/resource-groups/none", None, {"If-None-Match": "*"})[0] == 404
    api("PUT", path, 200, {"name": "seen", "rules": {}, "description": "again"}, {"If-Match": before})
    assert api.host.raw("GET", path, None, {"If-None-Match": before})[0] == 200 and etag_of(api, path) != before
    api("PUT", path, 412, {"name": "seen", "rules": {}}, {"If-Match": before})
    for odd in ('"-1"', before[:-1], before[:-1] + 'x"', before.strip('"')):
        api("PUT", path, 400, {"name": "seen", "rules": {}}, {"If-Match": odd})
    api("DELETE", path, 412, None, {"If-Match": before})
    api("DELETE", path, 204, None, {"If-Match": etag_of(api, path)})


def test_packed_contract(api):
    """The contract travels as the page's files do."""
    sizes = {}
    for coding in ("identity", "gzip"):
        raw = http.client.HTTPSConnection("127.0.0.1", api.host.port, timeout=60, context=ssl.create_default_context(
            cafile=os.path.join(api.host.state, "tls", "cert.pem")))
        raw.request("GET", "/api/v1/openapi.json", headers={"Accept-Encoding": coding})
        answer = raw.getresponse()
        data = answer.read()
        sizes[coding] = len(data)
        assert answer.getheader("Cache-Control") == "no-cache" and answer.getheader("Vary") == "Accept-Encoding"
        assert json.loads(gzip.decompress(data) if answer.getheader("Content-Encoding") == "gzip" else data) == api.contract.doc
        raw.close()
    assert sizes["gzip"] * 4 < sizes["identity"], sizes


def test_files(api):
    wish = {"name": "disk.raw", "size_bytes": 1024}
    for odd in ({"name": "../x", "size_bytes": 4}, {"name": "x", "size_bytes": 0}, {"name": "x"}, {**wish, "more": 1}):
        api("POST", "/files", 400, odd)
    api("POST", "/files", 507, {"name": "x", "size_bytes": 1 << 62})
    api("POST", "/files", 201, wish)
    api("POST", "/files", 409, wish)
    api("GET", "/files/disk.raw", 200)
    api("GET", "/files/disk.raw/content", 409)
    api("PUT", "/files/disk.raw/content", 409, bytes(512), {"Content-Range": "bytes 512-1023/1024"})
    api("PUT", "/files/disk.raw/content", 200, bytes(512), {"Content-Range": "bytes 0-511/1024"})
    api("PUT", "/files/disk.raw/content", 200, bytes(512), {"Content-Range": "bytes 512-1023/1024"})
    assert [f["id"] for f in api("GET", "/files", 200)["items"]] == ["disk.raw"]
    assert [i["id"] for i in api("GET", "/images", 200)["items"]] == ["disk.raw"]
    before = etag_of(api, "/files/disk.raw")
    api("DELETE", "/files/disk.raw", 412, None, {"If-Match": '"x"'})
    api("DELETE", "/files/disk.raw", 204, None, {"If-Match": before})
    for method, path in (("GET", ""), ("GET", "/content"), ("PUT", "/content"), ("DELETE", "")):
        api(method, "/files/disk.raw" + path, 404)


def test_plans(api):
    carve = {"kind": "carve", "gpu": "0", "profiles": {"3g.40gb": 1, "2g.20gb": 1, "1g.10gb": 2}}
    api("POST", "/plans", 400, {**carve, "profiles": {"9g.99gb": 1}})
    api("POST", "/plans", 422, {**carve, "profiles": {"7g.80gb": 2}})
    api("POST", "/plans", 404, {**carve, "gpu": "GPU 7"})
    refused = api("POST", "/plans", 201, {**carve, "gpu": "1"})  # a card without MIG
    assert refused["state"] == "refused"
    api("POST", f"/plans/{refused['id']}/apply", 422)
    plan = api("POST", "/plans", 201, carve)
    api("GET", "/plans/" + plan["id"], 200)
    task = api("POST", f"/plans/{plan['id']}/apply", 202, {"confirm": False})
    api("POST", f"/plans/{plan['id']}/apply", 409)
    ended = api.host.wait_task(task["id"])
    assert ended["state"] == "done", ended
    api("GET", "/tasks/" + task["id"], 200)
    api("POST", f"/tasks/{task['id']}/cancel", 409)
    api("GET", "/tasks?state=done&limit=5", 200)
    undo = api("POST", "/plans", 201, {"kind": "undo", "task": task["id"]})
    assert [s["kind"] for s in undo["steps"]][-1] == "mig.mode"
    again = api("POST", "/plans", 201, {**carve, "profiles": {"3g.40gb": 2}})
    cancelled = api("POST", f"/plans/{again['id']}/apply", 202)
    api("POST", f"/tasks/{cancelled['id']}/cancel", 202)
    assert api.host.wait_task(cancelled["id"])["state"] in ("cancelled", "done")
    off = api("POST", "/plans", 201, {"kind": "mig-mode", "gpu": "0", "enabled": False})
    assert [v["code"] for v in off["verdicts"] if v["severity"] == "confirm"] == ["instances-go"]
    api("POST", f"/plans/{off['id']}/apply", 422)


def test_hold(api):
    api("POST", "/gpus/7/release", 404)
    api("POST", "/gpus/0/release", 400, {"force": True})
    assert api("POST", "/gpus/0/release", 200)["state"] == "released"
    api("GET", "/gpus/0", 200)
    assert api("POST", "/gpus/0/take", 200)["state"] == "ok"


def test_after(api):
    """The same lists with something in them."""
    for path in ("/gpus", "/gpus/0", "/resource-groups", "/plans", "/tasks", "/events", "/audit", "/samples"):
        answer = api("GET", path, 200)
        assert "items" not in answer or answer["items"], path


def main():
    openapi, list_routes, sim, helper, facetd = sys.argv[1:6]
    contract = Contract(openapi)
    tests = [test_reading, test_contract, test_without_libvirt, test_without_sign_in, test_queries, test_bodies, test_tokens, test_groups, test_etags, test_packed_contract, test_files, test_plans, test_hold,
             test_pages, test_pages_of_what_changes, test_examples, test_after]
    print(f"TAP version 13\n1..{1 + len(tests)}", flush=True)
    routes = set(map(in_order, subprocess.run([list_routes], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()))
    assert routes == contract.routes(), f"server only: {routes - contract.routes()}; contract only: {contract.routes() - routes}"
    print("ok 1 - the server has the contract's routes, actions, queries and bodies", flush=True)
    with Host(sim=sim, helper=helper, facetd=facetd) as host:
        host.login()
        host.wait_gpu("0")
        host.wait_for(lambda: host.call("GET", "/samples")["items"], "a sample")
        api = Client(host, contract)
        for number, test in enumerate(tests, 2):
            test(api)
            print(f"ok {number} - {test.__name__}", flush=True)


if __name__ == "__main__":
    main()
