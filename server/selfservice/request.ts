import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { Fault, type FieldError } from '../core/fault.ts';
import { type JsonLimits, parseStrictObject } from '../core/strict-json.ts';
import { readBody } from '../http/body.ts';

/** Largest body, in bytes. */
const MAX_BODY = 256 * 1024;

/** Bounds while reading a body; a scope's long description is the longest text there is. */
const BODY_LIMITS: JsonLimits = { depth: 8, members: 256, items: 1024, string: 64 * 1024 };

/**
 * Reads a JSON body. An empty one is fine whatever its media type says, because clients send a JSON content type with nothing.
 * Contract §5.1
 * @returns undefined when it is empty.
 * @throws {Fault} PV-019, PV-020, PV-602, PV-603
 */
export async function readJson(request: IncomingMessage): Promise<object | undefined> {
  if (request.headers['content-encoding'] !== undefined) throw new Fault('PV-020');
  const bytes = await readBody(request, MAX_BODY);
  if (bytes.length === 0) return undefined;
  const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') throw new Fault('PV-603');
  try {
    return parseStrictObject(bytes, BODY_LIMITS);
  } catch (error) {
    throw error instanceof Fault ? new Fault('PV-602', { ...error.circumstances, cause: error }) : error;
  }
}

/**
 * Reads the query: every parameter once, percent-encoded UTF-8.
 * @throws {Fault} PV-601
 */
export function readQuery(querystring: string): Readonly<Record<string, string>> {
  const query: Record<string, string> = Object.create(null);
  for (const pair of querystring.split('&').filter((part) => part !== '')) {
    const [name = '', value = ''] = splitOnce(pair.replaceAll('+', ' ')).map(decode);
    if (name in query) throw wrong('query', 'occurs twice', name);
    query[name] = value;
  }
  return query;
}

/** Percent-decodes a segment of a path. @throws {Fault} PV-601 */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new Fault('PV-601', { detail: 'bad percent-encoding', cause });
  }
}

/** The body without the members that are null: on the contract's resources they are absent. Contract §5.1 */
export function withoutNulls(body: object): object {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

/**
 * Holds a value against its shape.
 * @throws {Fault} PV-601 naming every field that is wrong
 */
export function parse<Shape extends z.ZodType>(shape: Shape, value: unknown, object: string): z.infer<Shape> {
  const result = shape.safeParse(value, { error: inPlainWords });
  if (result.success) return result.data;
  throw new Fault('PV-601', { fields: result.error.issues.flatMap((issue) => fieldErrors(issue, object)) });
}

/** What zod says of a missing member or a wrong type, shorter; its other sentences are fine. None repeats a value. */
function inPlainWords({ code, input, ...issue }: z.core.$ZodRawIssue): string | undefined {
  if (input === undefined) return 'is missing';
  if (code !== 'invalid_type') return undefined;
  const expected = String(issue.expected);
  return `must be ${TYPES[expected] ?? `a ${expected}`}`;
}

const TYPES: Readonly<Record<string, string>> = { array: 'an array', int: 'a whole number', object: 'an object' };

function fieldErrors(issue: z.core.$ZodIssue, object: string): readonly FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ object, field: safe([...path, key]), message: 'is not a member here' }));
  return [{ object, field: safe(path), message: issue.message }];
}

/** A name that a caller chose is echoed only when it could be one of ours. `PV-SEC-066` */
function safe(path: readonly string[]): string {
  const field = path.join('.');
  return /^[A-Za-z0-9_.#-]{1,100}$/.test(field) ? field : '';
}

function wrong(object: string, message: string, name: string): Fault {
  return new Fault('PV-601', { fields: [{ object, field: safe([name]), message }] });
}

function splitOnce(pair: string): readonly string[] {
  const equals = pair.indexOf('=');
  return equals < 0 ? [pair] : [pair.slice(0, equals), pair.slice(equals + 1)];
}
