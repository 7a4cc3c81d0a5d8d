// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { curlOf, found, groupsOf, rowsOf, typeName, type Contract } from '@/pages/apidocs/contract';

const ref = (name: string) => ({ $ref: `#/components/${name}` });
const contract = {
  info: { title: 'Small', version: '1', description: '' },
  tags: [
    { name: 'Things', description: 'What there is' },
    { name: 'Rest', description: 'What else there is' },
  ],
  paths: {
    '/version': {
      get: { operationId: 'getVersion', summary: 'The version', tags: ['Rest'], security: [], responses: { 200: { description: 'It' } } },
    },
    '/things/{id}': {
      parameters: [ref('parameters/id')],
      put: {
        operationId: 'updateThing',
        summary: 'Change a thing',
        tags: ['Things'],
        'x-action': 'thing.write',
        parameters: [{ name: 'If-Match', in: 'header', required: true }],
        requestBody: { content: { 'application/json': { schema: ref('schemas/Thing'), examples: { one: { value: { name: 'a' } } } } } },
        responses: { 200: ref('responses/Thing'), 404: { description: 'None' } },
      },
    },
  },
  components: {
    parameters: { id: { name: 'id', in: 'path', required: true, schema: { type: 'string' } } },
    responses: { Thing: { description: 'Thing', content: { 'application/json': { schema: ref('schemas/Thing') } } } },
    schemas: {
      Named: { type: 'object', required: ['name'], properties: { name: { type: 'string', description: 'Its name' } } },
      Thing: {
        allOf: [
          ref('schemas/Named'),
          {
            type: 'object',
            properties: {
              parts: { type: 'array', items: ref('schemas/Thing') },
              size: { anyOf: [{ type: 'object', properties: { mib: { type: 'integer' } } }, { type: 'null' }] },
              kind: { enum: ['a', 'b'] },
            },
          },
        ],
      },
    },
  },
} as unknown as Contract;

test('operations are grouped by tag, with the parameters of their path', () => {
  const groups = groupsOf(contract);
  expect(groups.map((group) => [group.name, group.operations.map((one) => one.id)])).toEqual([
    ['Things', ['updateThing']],
    ['Rest', ['getVersion']],
  ]);
  const [update] = groups[0]?.operations ?? [];
  expect(update?.parameters.map((one) => one.name)).toEqual(['id', 'If-Match']);
  expect(update?.answers.map((one) => [one.status, one.description])).toEqual([
    ['200', 'Thing'],
    ['404', 'None'],
  ]);
  expect(update?.action).toBe('thing.write');
  expect(groups[1]?.operations[0]?.action).toBeUndefined();
});

test('a search needs every word, in any place', () => {
  const ids = (text: string) => found(groupsOf(contract), text).flatMap((group) => group.operations.map((one) => one.id));
  expect(ids('THING put')).toEqual(['updateThing']);
  expect(ids('')).toEqual(['updateThing', 'getVersion']);
  expect(ids('thing version')).toEqual([]);
});

test('members are told once, those of a thing in a thing not again', () => {
  const rows = rowsOf(contract, ref('schemas/Thing'));
  expect(rows.map((row) => [row.name, row.type, row.required])).toEqual([
    ['name', 'string', true],
    ['parts', 'Thing[]', false],
    ['size', 'object | null', false],
    ['size.mib', 'integer', false],
    ['kind', '"a" | "b"', false],
  ]);
  expect(rows[0]?.description).toBe('Its name');
  expect(typeName(contract, { type: ['string', 'null'] })).toBe('string | null');
});

test('a request is shown as one would type it', () => {
  const [update] = groupsOf(contract)[0]?.operations ?? [];
  expect(update && curlOf(update, 'https://host:8443')).toBe(
    [
      'curl -X PUT --cacert cert.pem',
      '-H "Authorization: Bearer $TOKEN"',
      "-H 'If-Match: ...'",
      "-H 'Content-Type: application/json'",
      `-d '{"name":"a"}'`,
      'https://host:8443/api/v1/things/ID',
    ].join(' \\\n  '),
  );
});
