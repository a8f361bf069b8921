import { z } from 'zod';
import { errorShape } from './errors.ts';
import { NDJSON } from './lines.ts';
import type { Route } from './route.ts';
import { BASE } from './router.ts';

/** A JSON Schema of the document. */
export type Schema = z.core.JSONSchema.BaseSchema;

/** A parameter of an operation. */
export type Parameter = {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Schema;
};

/** One operation of the document. */
export type Operation = {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  /** Any one of these opens it; none: public. */
  readonly security: readonly { readonly token: readonly string[] }[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: {
    readonly 200: { readonly description: string; readonly headers?: object; readonly content?: Content };
    readonly default: object;
  };
};

/** What a body holds, by its media type. */
export type Content = Readonly<Partial<Record<'application/json' | typeof NDJSON, { readonly schema: Schema }>>>;

/** An OpenAPI document, as far as it is read again. */
export type OpenApi = {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly object[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>>; readonly [kind: string]: object };
};

/** The OpenAPI 3.1 document of the API: all of it from the table of routes and the shapes in it. */
export function openApi(routes: readonly Route[]): OpenApi {
  const schemas = new Map<string, Schema>();
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    (paths[route.path] ?? {})[route.method.toLowerCase()] = operation(route, schemas);
  }
  const refusal = { description: 'A refusal', content: content(schemaOf(errorShape, 'output', schemas)) };
  return {
    openapi: '3.1.0',
    info: { title: 'Portvakt self-service API', version: '1', description: DESCRIPTION },
    servers: [{ url: BASE }],
    paths,
    components: {
      schemas: Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))),
      responses: { Refusal: refusal },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: "An access token of this server with one of the operation's scopes.",
        },
      },
    },
  };
}

const DESCRIPTION = `Organisations administer their clients, keys, scopes and accesses with ordinary access tokens of this server. The caller's organisation is the token's consumer; of what belongs to others there is nothing to be seen: it is not found.

Operations marked as the contract's have the addresses, members and manners of Maskinporten's self-service API, and are also served at the root of the server: unknown members are ignored, a member that is null is absent, and If-Match is heeded where it is sent. Those marked as our own are strict: unknown members are refused, PUT and DELETE need If-Match with the ETag that was read, a POST may carry an Idempotency-Key, and lists come in pages.

Every change can be tried with dry_run=true: it is judged, and nothing is stored. Success is always 200.`;

const MANNERS = { contract: "The contract's.", own: 'Our own.' } as const;

function operation(route: Route, schemas: Map<string, Schema>): Operation {
  const { method, path, summary, body, answer, lines } = route;
  return {
    operationId: operationId(route),
    tags: [path.split('/')[1] ?? ''],
    summary,
    description: MANNERS[route.manners],
    security: route.scopes === 'public' ? [] : route.scopes.map((scope) => ({ token: [scope] })),
    parameters: [...pathParameters(path), ...queryParameters(route), ...headerParameters(route)],
    ...(body && { requestBody: { required: true, content: content(schemaOf(body, 'input', schemas)) } }),
    responses: {
      200: {
        description: answer ? 'The answer' : (lines ?? 'Done; the body is empty'),
        ...(answer && method === 'GET' && { headers: { ETag: { schema: { type: 'string' } }, ...linkHeader(route) } }),
        ...(answer && { content: content(schemaOf(answer, 'output', schemas)) }),
        ...(lines !== undefined && { content: { [NDJSON]: { schema: { type: 'object' } } } }),
      },
      default: { $ref: '#/components/responses/Refusal' },
    },
  };
}

/** `getScopesAccessAll`; a parameter by its name: `putScopesAccessByConsumerOrgno`. */
function operationId({ method, path }: Route): string {
  const words = path.replaceAll('{', 'by-').split(/[^A-Za-z]+/);
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function pathParameters(path: string): Parameter[] {
  return [...path.matchAll(/\{([A-Za-z_]+)\}/g)].map(([, name = '']) => ({
    ...{ name, in: 'path', required: true },
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }: Route): Parameter[] {
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: 'input', override: asReadersKnowIt });
  return Object.entries(properties as Record<string, Schema>).map(([name, { description, ...schema }]) => ({
    ...{ name, in: 'query', required: required.includes(name) },
    ...(description !== undefined && { description }),
    schema,
  }));
}

function headerParameters({ method, manners, safe }: Route): Parameter[] {
  const own = manners === 'own';
  if (own && method === 'POST' && !safe)
    return [
      header('Idempotency-Key', false, 'a key of the own choice: the same request with it has the same answer for 24 hours'),
    ];
  if (method !== 'PUT' && method !== 'DELETE') return [];
  return [header('If-Match', own, 'the ETag of the object as it was read')];
}

function header(name: string, required: boolean, description: string): Parameter {
  return { name, in: 'header', required, description, schema: { type: 'string' } };
}

function linkHeader({ query }: Route): object {
  const description = 'the next page, as rel="next"; absent on the last';
  return 'cursor' in query.shape ? { Link: { description, schema: { type: 'string' } } } : {};
}

/** The schema of a shape. What has a name goes to the components, and a reference stands in its place. */
function schemaOf(shape: z.ZodType, io: 'input' | 'output', schemas: Map<string, Schema>): Schema {
  const { properties, $defs = {} } = z.toJSONSchema(z.object({ shape }), { io, override: asReadersKnowIt });
  for (const [name, schema] of Object.entries($defs)) schemas.set(componentName(name), relocated(schema));
  return relocated(properties?.shape as Schema);
}

/** A shape that names itself only because it holds itself. */
function componentName(name: string): string {
  return name.startsWith('__') ? 'Json' : name;
}

function relocated(schema: Schema): Schema {
  const text = JSON.stringify(schema).replace(
    /"#\/\$defs\/([^"]+)"/g,
    (_, name: string) => `"#/components/schemas/${componentName(name)}"`,
  );
  return JSON.parse(text) as Schema;
}

/** Drops what says nothing to a reader, and calls the truth values of queries what they are. */
function asReadersKnowIt({ jsonSchema }: { jsonSchema: Schema }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.enum?.join() !== 'true,false') return;
  delete jsonSchema.enum;
  jsonSchema.type = 'boolean';
}

function content(schema: Schema): Content {
  return { 'application/json': { schema } };
}
