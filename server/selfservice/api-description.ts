import { NDJSON } from './lines.ts';
import type { Content, OpenApi, Operation, Schema } from './openapi.ts';

/** A member of an object, or a parameter. A type that has a name of its own stands in brackets: `[Scope]`. */
export type Member = { readonly name: string; readonly type: string; readonly required: boolean; readonly text: string };

/** One operation in words. */
export type Described = {
  readonly method: string;
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  /** Whose manners it has. */
  readonly manners: string;
  /** Any of these opens it; none: public. */
  readonly scopes: readonly string[];
  readonly parameters: readonly Member[];
  readonly body: string;
  readonly answer: string;
};

/** A shape with a name, in words. */
export type Named = { readonly name: string; readonly text: string; readonly members: readonly Member[] };

/** An OpenAPI document in words, for the pages that are made of it. */
export function described(document: OpenApi): {
  readonly title: string;
  readonly text: readonly string[];
  readonly operations: readonly Described[];
  readonly schemas: readonly Named[];
} {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => inWords(method.toUpperCase(), path, operation)),
  );
  const schemas = Object.entries(document.components.schemas).map(([name, schema]) => ({
    name,
    text: schema.description ?? '',
    members: membersOf(schema),
  }));
  return { title: document.info.title, text: document.info.description.split('\n\n'), operations, schemas };
}

function inWords(method: string, path: string, operation: Operation): Described {
  const { operationId: id, summary, description: manners, security, parameters, requestBody, responses } = operation;
  return {
    ...{ method, path, id, summary, manners },
    scopes: security.flatMap(({ token }) => token),
    parameters: parameters.map(({ name, required, description = '', schema }) => ({
      ...{ name, required, text: description },
      type: typeOf(schema),
    })),
    body: spoken(requestBody?.content) ?? 'none',
    answer: spoken(responses[200].content) ?? 'an empty body',
  };
}

function spoken(content: Content = {}): string | undefined {
  const { 'application/json': value, [NDJSON]: line } = content;
  return value ? typeOf(value.schema) : line && 'lines of JSON';
}

function membersOf({ properties = {}, required = [], patternProperties = {} }: Schema): Member[] {
  const named = Object.entries(properties).map(([name, schema]) => member(name, schema as Schema, required.includes(name)));
  return [...named, ...Object.entries(patternProperties).map(([name, schema]) => member(name, schema as Schema, false))];
}

function member(name: string, schema: Schema, required: boolean): Member {
  const fallback = schema.default === undefined ? '' : `default ${JSON.stringify(schema.default)}`;
  return { name, type: typeOf(schema), required, text: [schema.description, fallback].filter(Boolean).join('; ') };
}

function typeOf(schema: Schema): string {
  const { $ref, type, enum: values, const: value, items, anyOf, minimum, maximum, properties } = schema;
  if ($ref !== undefined) return `[${$ref.slice($ref.lastIndexOf('/') + 1)}]`;
  if (anyOf) return anyOf.map((each) => typeOf(each as Schema)).join(' or ');
  if (value !== undefined) return String(value);
  if (values) return values.join(', ');
  if (type === 'array') return `list of ${typeOf((items ?? {}) as Schema)}`;
  if (type === 'integer') return ['integer', bounds(minimum, maximum)].filter(Boolean).join(' ');
  if (properties) return `{ ${Object.keys(properties).join(', ')} }`;
  return typeof type === 'string' ? type : 'any';
}

function bounds(minimum: number | undefined, maximum: number | undefined): string {
  if (minimum === undefined) return '';
  return maximum === undefined ? `from ${minimum}` : `${minimum} to ${maximum}`;
}
