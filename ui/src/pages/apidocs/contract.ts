// SPDX-License-Identifier: Apache-2.0
// What the reader's page shows of an OpenAPI document, without React. The document is the one that facetd itself answers with, which
// tools/check-openapi has checked: references lead somewhere, and every operation has one tag.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

interface Content {
  schema?: Schema;
  examples?: Record<string, { summary?: string; value: unknown }>;
}

export interface Parameter {
  $ref?: string;
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface Answer {
  $ref?: string;
  description?: string;
  content?: Record<string, Content>;
}

interface RawOperation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security?: unknown[];
  'x-action'?: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Content> };
  responses: Record<string, Answer>;
}

export interface Contract {
  info: { title: string; version: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, unknown>>;
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  summary: string;
  description?: string;
  tag: string;
  /** The action that a role must allow; none: nobody has to sign in. */
  action?: string;
  parameters: Parameter[];
  body?: Content;
  answers: { status: string; description: string; type: string; content?: Content }[];
}

export interface Group {
  name: string;
  description: string;
  operations: Operation[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** What a reference means; anything else is what it is. */
export function meant<T extends { $ref?: string }>(contract: Contract, value: T): T {
  let here: unknown = value;
  while (typeof here === 'object' && here !== null && '$ref' in here) {
    const parts = String(here.$ref).slice(2).split('/');
    here = parts.reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], contract);
  }
  return (here ?? {}) as T;
}

function operationOf(contract: Contract, path: string, method: string, shared: Parameter[], raw: RawOperation): Operation {
  const answers = Object.entries(raw.responses).map(([status, given]) => {
    const answer = meant(contract, given);
    const [type = '', content] = Object.entries(answer.content ?? {})[0] ?? [];
    return { status, description: answer.description ?? '', type, content };
  });
  return {
    id: raw.operationId,
    method: method.toUpperCase(),
    path,
    summary: raw.summary,
    description: raw.description,
    tag: raw.tags[0] ?? '',
    action: raw.security?.length === 0 ? undefined : raw['x-action'],
    parameters: [...shared, ...(raw.parameters ?? [])].map((parameter) => meant(contract, parameter)),
    body: raw.requestBody?.content['application/json'],
    answers,
  };
}

/** By tag, in the document's order. */
export function groupsOf(contract: Contract): Group[] {
  const all = Object.entries(contract.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) =>
      operationOf(contract, path, method, (item.parameters ?? []) as Parameter[], item[method] as RawOperation),
    ),
  );
  return contract.tags.map(({ name, description }) => ({
    name,
    description,
    operations: all.filter((operation) => operation.tag === name),
  }));
}

/** Those that have every word of the text in their method, path, name, summary or description. */
export function found(groups: Group[], text: string): Group[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (operation: Operation) => {
    const about = [operation.method, operation.path, operation.id, operation.summary, operation.description, operation.tag]
      .join(' ')
      .toLowerCase();
    return words.every((word) => about.includes(word));
  };
  return groups.map((group) => ({ ...group, operations: group.operations.filter(has) })).filter((group) => group.operations.length > 0);
}

/** "text", "list of Vm", "whole number or null", as people read it. */
export function typeName(contract: Contract, given: Schema): string {
  const name = given.$ref?.split('/').pop();
  const schema = meant(contract, given);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (alternatives) return [...new Set(alternatives.map((one) => typeName(contract, one)))].join(' | ');
  if (schema.type === 'array' && schema.items) return `${typeName(contract, schema.items)}[]`;
  if (name && (schema.properties ?? schema.allOf)) return name;
  if (Array.isArray(schema.type)) return schema.type.join(' | ');
  return schema.type ?? ((schema.properties ?? schema.allOf) ? 'object' : 'any');
}

export interface Row {
  /** Where it is: "disks[].size_gib". */
  name: string;
  depth: number;
  type: string;
  required: boolean;
  description?: string;
}

/** The members of an object, with those of allOf, and whether each must be there. */
function membersOf(contract: Contract, given: Schema): { properties: Record<string, Schema>; required: string[] } {
  const schema = meant(contract, given);
  const parts = (schema.allOf ?? []).map((part) => membersOf(contract, part));
  return {
    properties: Object.assign({}, ...parts.map((part) => part.properties), schema.properties),
    required: [...parts.flatMap((part) => part.required), ...(schema.required ?? [])],
  };
}

/** What is inside, where a reader looks further: the object itself, or what a list has in it. */
function innerOf(contract: Contract, given: Schema): { schema: Schema; suffix: string } {
  const schema = meant(contract, given);
  if (schema.items) return { schema: schema.items, suffix: '[]' };
  const object = (schema.anyOf ?? schema.oneOf ?? []).find((one) => Object.keys(membersOf(contract, one).properties).length > 0);
  return { schema: object ?? given, suffix: '' };
}

const DEEPEST = 3;

/** A table of all members; one that holds itself is not opened again. */
export function rowsOf(contract: Contract, given: Schema, above: string[] = [], path = '', depth = 0): Row[] {
  const { schema, suffix } = innerOf(contract, given);
  const name = schema.$ref ?? '';
  if ((name && above.includes(name)) || depth > DEEPEST) return [];
  const { properties, required } = membersOf(contract, schema);
  return Object.entries(properties).flatMap(([key, value]) => {
    const place = path ? `${path}${suffix}.${key}` : key;
    const row = {
      name: place,
      depth,
      type: typeName(contract, value),
      required: required.includes(key),
      description: value.description ?? meant(contract, value).description,
    };
    return [row, ...rowsOf(contract, value, [...above, name], place, depth + 1)];
  });
}

/** A request as one would type it. */
export function curlOf(operation: Operation, origin: string): string {
  const address = `${origin}/api/v1${operation.path.replace(/{([^}]+)}/g, (_all, name: string) => name.toUpperCase())}`;
  const example = Object.values(operation.body?.examples ?? {})[0];
  const needed = operation.parameters.filter((parameter) => parameter.in === 'header' && parameter.required);
  return [
    `curl ${operation.method === 'GET' ? '' : `-X ${operation.method} `}--cacert cert.pem`,
    ...(operation.action ? ['-H "Authorization: Bearer $TOKEN"'] : []),
    ...needed.map((parameter) => `-H '${parameter.name}: ...'`),
    ...(example ? ["-H 'Content-Type: application/json'", `-d '${JSON.stringify(example.value)}'`] : []),
    address,
  ].join(' \\\n  ');
}
