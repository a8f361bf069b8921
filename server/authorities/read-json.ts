import { NoAnswer } from './http-service.ts';

/** What a body says. @throws {NoAnswer} when it is not JSON, or only half of it */
export function readJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new NoAnswer('answers with what is not JSON', { cause });
  }
}

/** Whether the value is an object with members, and no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether the value is a list of what the test admits. */
export function isListOf<T>(value: unknown, test: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(test);
}

export function isString(value: unknown): value is string {
  return typeof value === 'string';
}
