#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check-openapi finds what offends: a small contract with one fault each. openapi_rules.py TOP. TAP."""
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(sys.argv[1])

ROOT = """\
openapi: 3.1.0
info:
  title: Small
x-parts:
  - thing
components:
  schemas:
    Problem:
      properties:
        code:
          enum: [bad-request, not-found]
"""

PART = """\
paths:
  /things:
    post:
      operationId: createThing
      summary: Make a thing
      requestBody:
        content:
          application/json:
            schema:
              $ref: '#/components/schemas/Thing'
            examples:
              small:
                value:
                  size: 1
      responses:
        '201':
          description: Made
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Thing'
        '401':
          description: Who is it
        '403':
          description: Not you
  /things/{id}:
    parameters:
      - name: id
        in: path
    delete:
      operationId: deleteThing
      summary: Delete a thing
      responses:
        '204':
          description: Gone
        '401':
          description: Who is it
        '403':
          description: Not you
        '404':
          description: There is none
  /version:
    get:
      operationId: getVersion
      summary: The version
      security: []
      responses:
        '200':
          description: It
          content:
            application/json:
              schema:
                type: string
components:
  schemas:
    Thing:
      properties:
        size:
          type: integer
"""

ERRORS = 'X(BAD, "bad-request", 400, 2, "a", "b")\nX(NONE, "not-found", 404, 4, "a", "b")\n'


def check(offence, old="", new="", root=ROOT, errors=ERRORS, more=None):
    """The contract in which @old is @new."""
    assert old in root + PART, old
    with tempfile.TemporaryDirectory() as name:
        top = pathlib.Path(name)
        (top / "small").mkdir()
        (top / "small.yaml").write_text(root.replace(old, new, 1) if old in root else root)
        (top / "small/thing.yaml").write_text(PART.replace(old, new, 1) if old not in root else PART)
        (top / "errors.def").write_text(errors)
        for file, text in (more or {}).items():
            (top / "small" / file).write_text(text)
        ran = subprocess.run([TOP / "tools/check-openapi", top / "small.yaml", top / "errors.def"], capture_output=True, text=True)
    if offence is None:
        assert ran.returncode == 0 and not ran.stdout and not ran.stderr, ran.stdout + ran.stderr
    else:
        assert ran.returncode == 1 and offence in ran.stdout, (ran.returncode, ran.stdout, ran.stderr)


CASES = {
    "a contract without fault": lambda: check(None),
    "another OpenAPI": lambda: check("3.1 is expected", "3.1.0", "3.0.3"),
    "a key twice": lambda: check('"summary" stands twice', "      summary: Delete", "      summary: Drop\n      summary: Delete"),
    "text that is no YAML": lambda: check("thing.yaml", "      summary: Delete", "      summary: [Delete"),
    "a part that the list does not name": lambda: check("x-parts does not name other", more={"other.yaml": "paths: {}\n"}),
    "a part that is not there": lambda: check("other.yaml", "  - thing", "  - thing\n  - other"),
    "a part with more than paths and components": lambda: check("not info", "components:\n  schemas:\n    Thing", "info:\n  title: x\ncomponents:\n  schemas:\n    Thing"),
    "one name in two parts": lambda: check("Thing stands in an earlier part", "  - thing", "  - thing\n  - twin",
                                           more={"twin.yaml": "components:\n  schemas:\n    Thing:\n      type: object\n"}),
    "a reference that leads nowhere": lambda: check("leads nowhere", "schemas/Thing'", "schemas/Thong'"),
    "a long line": lambda: check("characters; at most", "description: Gone", "description: " + "gone " * 30),
    "a mapping in braces": lambda: check("a mapping in braces", "          type: integer", "          {type: integer}"),
    "no operationId": lambda: check('operationId ""', "      operationId: deleteThing\n"),
    "an operationId in another case": lambda: check("not in camelCase", "deleteThing", "delete_thing"),
    "an operationId twice": lambda: check("is taken by POST /things", "deleteThing", "createThing"),
    "no summary": lambda: check("no summary", "      summary: Delete a thing\n"),
    "a paragraph as summary": lambda: check("longer than a line", "Delete a thing", "Delete a thing " + "and more " * 9),
    "a summary with a full stop": lambda: check("full stop", "Delete a thing", "Delete a thing."),
    "a path parameter that is not declared": lambda: check("path parameter id", "- name: id", "- name: it"),
    "no 401": lambda: check("no answer 401", "        '401':\n          description: Who is it\n"),
    "no 403": lambda: check("no answer 403", "        '403':\n          description: Not you\n"),
    "no 404 where there is an id": lambda: check("no answer 404", "        '404':\n          description: There is none\n"),
    "no answer when it goes well": lambda: check("goes well", "        '204':\n          description: Gone\n"),
    "a 2xx without schema": lambda: check("answer 200 has no schema", "              schema:\n                type: string\n", "              {}\n"),
    "a 2xx without content": lambda: check("answer 200 has no schema", "'204'", "'200'"),
    "an example that is no such body": lambda: check("example small", "size: 1", "size: one"),
    "an error code that the server has not": lambda: check("error code lost: only in the contract", "not-found]", "not-found, lost]"),
    "an error code that the contract has not":
        lambda: check("error code full: only in errors.def", errors=ERRORS + 'X(FULL, "full", 507, 7, "a", "b")\n'),
    "error codes in another order": lambda: check("another order", "bad-request, not-found", "not-found, bad-request"),
}

print(f"1..{len(CASES)}")
failed = 0
for number, (name, case) in enumerate(CASES.items(), 1):
    try:
        case()
        print(f"ok {number} {name}")
    except AssertionError as error:
        failed = 1
        print(f"not ok {number} {name}\n# {error}")
sys.exit(failed)
