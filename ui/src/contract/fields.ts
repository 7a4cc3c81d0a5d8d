// SPDX-License-Identifier: Apache-2.0
// Names of fields, as requests have them and as refusals name them in details.field: a form that asks after one that the contract
// does not have is an error of types.
import type { operations } from './generated';

/** The body of a request. */
export type Body<O extends keyof operations> = operations[O] extends { requestBody?: { content: { 'application/json': infer B } } }
  ? B
  : never;

type Names<T> = T extends readonly (infer One)[]
  ? Names<One>
  : T extends object
    ? { [K in keyof T & string]-?: string extends K ? never : K | Names<NonNullable<T[K]>> }[keyof T & string]
    : never;

/** A field of any request's body, however deep in it. */
export type Field = { [O in keyof operations]: Names<Body<O>> }[keyof operations];

/** A field, one of a list in it, or a field of that. */
export type FieldPath = Field | `${Field}[${number}]` | `${Field}[${number}].${Field}`;
