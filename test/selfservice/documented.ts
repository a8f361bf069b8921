import assert from 'node:assert/strict';
import { z } from 'zod';
import { openApi } from '../../server/selfservice/openapi.ts';
import { operations } from '../../server/selfservice/routes.ts';

const text = JSON.stringify(openApi(operations)).replaceAll('#/components/schemas/', '#/$defs/');
const { paths, components } = JSON.parse(text) as ReturnType<typeof openApi>;
const shapes = new Map<string, z.ZodType>();

/** Claims that a body is one that the OpenAPI document allows as the answer of the operation, or as a refusal. */
export function assertDocumented(
  body: unknown,
  { method, path, refused }: { method: string; path: string; refused: boolean },
): void {
  const shape = refused ? shapeOf('refusal', { $ref: '#/$defs/Error' }) : answerOf(method, path);
  const read = shape?.safeParse(body);
  assert.ok(!read || read.success, `the document does not know what ${method} ${path} answers: ${read?.error?.message}`);
}

/** Undefined for an operation without a body in its answer. */
function answerOf(method: string, path: string): z.ZodType | undefined {
  const operation = paths[path]?.[method.toLowerCase()];
  assert.ok(operation, `${method} ${path} is in the document`);
  const schema = operation.responses[200].content?.['application/json']?.schema;
  return schema && shapeOf(`${method} ${path}`, schema);
}

function shapeOf(name: string, schema: z.core.JSONSchema.BaseSchema): z.ZodType {
  const known = shapes.get(name);
  if (known) return known;
  const shape = z.fromJSONSchema({ ...schema, $defs: components.schemas } as z.core.JSONSchema.JSONSchema);
  shapes.set(name, shape);
  return shape;
}
