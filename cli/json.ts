/** The JSON value in a text from elsewhere, or undefined when there is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Each caller says what it had expected, which is more than the parser could.
    return undefined;
  }
}

/** Whether the value is an object with members. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
