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
tags:
  - name: Things
    description: What there is
security:
  - cookie: []
x-parts:
  - thing
components:
  securitySchemes:
    cookie:
      type: apiKey
      in: cookie
      name: session
  parameters:
    limit:
      name: limit
      in: query
      description: How many
      schema:
        type: integer
    cursor:
      name: cursor
      in: query
      description: Where to go on
      schema:
        type: string
    ifNoneMatch:
      name: If-None-Match
      in: header
      description: What the reader has
      schema:
        type: string
  schemas:
    Next:
      type: string
    Problem:
      properties:
        code:
          enum: [bad-request, not-found]
"""

PART = """\
x-tag: Things
paths:
  /things:
    get:
      operationId: listThings
      summary: The things
      parameters:
        - $ref: '#/components/parameters/limit'
        - $ref: '#/components/parameters/cursor'
        - $ref: '#/components/parameters/ifNoneMatch'
      responses:
        '200':
          description: Things
          headers:
            ETag:
              schema:
                type: string
          content:
            application/json:
              schema:
                type: object
                required: [items]
                properties:
                  items:
                    type: array
                    items:
                      $ref: '#/components/schemas/Thing'
                  next:
                    $ref: '#/components/schemas/Next'
        '304':
          description: As it was
        '400':
          description: No such page
        '401':
          description: Who are you
        '403':
          description: Not for you
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
        '400':
          description: No thing
        '401':
          description: Who is it
        '403':
          description: Not you
        '413':
          description: Too much
  /things/{id}:
    parameters:
      - name: id
        in: path
        description: Which one
    delete:
      operationId: deleteThing
      summary: Delete a thing
      parameters:
        - name: If-Match
          in: header
          description: What was seen
      responses:
        '204':
          description: Gone
        '400':
          description: No id
        '401':
          description: Who is it
        '403':
          description: Not you
        '404':
          description: There is none
        '412':
          description: Another by now
  /version:
    get:
      operationId: getVersion
      summary: The version
      security: []
      responses:
        '200':
          description: It
          content:
            text/plain:
              schema:
                type: string
components:
  schemas:
    Thing:
      type: object
      additionalProperties: false
      required: [size]
      properties:
        size:
          type: integer
        kind:
          type: string
          enum: [round, square]
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
    "a 2xx without schema": lambda: check("answer 200 has no schema", "text/plain:\n              schema:\n                type: string\n", "text/plain:\n              {}\n"),
    "a verb of another method": lambda: check("not a verb of this method", "deleteThing", "getThing"),
    "a name without a verb": lambda: check("not a verb of this method", "deleteThing", "thingGone"),
    "no tag": lambda: check("no x-tag", "x-tag: Things\n"),
    "a tag that is not listed": lambda: check("not one tag", "x-tag: Things", "x-tag: Odds"),
    "a tag that nothing has": lambda: check("tag Odds: no operation", "tags:\n", "tags:\n  - name: Odds\n    description: None\n"),
    "a tag without description": lambda: check("tag Things: no description", "    description: What there is\n"),
    "a parameter without description": lambda: check("parameter id has no description", "        description: Which one\n"),
    "a component that nobody uses": lambda: check("Spare: nobody refers", "    Thing:\n", "    Spare:\n      type: string\n    Thing:\n"),
    "an open body": lambda: check("the body is open", "      additionalProperties: false\n"),
    "an open object in a body":
        lambda: check("Thing)/kind: the body is open", "          type: string\n          enum: [round, square]", "          type: object"),
    "a body without 413": lambda: check("no answer 413", "        '413':\n          description: Too much\n"),
    "parameters without 400": lambda: check("no answer 400", "        '400':\n          description: No id\n"),
    "If-Match without 412": lambda: check("no answer 412", "        '412':\n          description: Another by now\n"),
    "If-Match that must be, without 428":
        lambda: check("no answer 428", "          description: What was seen\n", "          description: What was seen\n          required: true\n"),
    "a GET without ETag": lambda: check("no ETag", "            ETag:", "            Etag:"),
    "a GET without 304": lambda: check("no answer 304", "        '304':", "        '303':"),
    "a GET without If-None-Match":
        lambda: check("does not take If-None-Match", "        - $ref: '#/components/parameters/ifNoneMatch'\n"),
    "a list without cursor": lambda: check("limit and cursor", "        - $ref: '#/components/parameters/cursor'\n"),
    "a list without limit": lambda: check("limit and cursor", "        - $ref: '#/components/parameters/limit'\n"),
    "a list without next":
        lambda: check("a list answers next", "                  next:\n                    $ref: '#/components/schemas/Next'\n"),
    "a required member that is none": lambda: check("colour is required", "required: [size]", "required: [size, colour]"),
    "a member without type": lambda: check("size: no type", "        size:\n          type: integer", "        size:\n          minimum: 1"),
    "an array without items":
        lambda: check("an array without items", "                    items:\n                      $ref: '#/components/schemas/Thing'\n"),
    "an enum with a value twice": lambda: check("stands twice", "[round, square]", "[round, round]"),
    "an enum of another type": lambda: check("5 is no string", "[round, square]", "[round, 5]"),
    "an example of an answer that is none":
        lambda: check("example odd", "            text/plain:\n", "            text/plain:\n              examples:\n                odd:\n                  value: 5\n"),
    "a default that is none": lambda: check("example default", "      schema:\n        type: integer\n", "      schema:\n        type: integer\n        default: x\n"),
    "a path with a slash at its end": lambda: check("without a slash", "  /version:", "  /version/:"),
    "two paths that are one":
        lambda: check("the same as", more={"twin.yaml": "paths:\n  /things/{name}:\n    parameters: []\n"}, old="  - thing\n", new="  - thing\n  - twin\n"),
    "a security that is nowhere": lambda: check("security token is nowhere", "  - cookie: []", "  - token: []"),
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
