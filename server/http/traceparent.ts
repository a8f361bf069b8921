/** Version, trace-id, parent-id and flags; of the version that there is. W3C Trace Context §3.2 */
const TRACEPARENT = /^00-(?<trace>[0-9a-f]{32})-(?<parent>[0-9a-f]{16})-[0-9a-f]{2}$/;

const NOUGHTS = /^0+$/;

/**
 * The trace that a request is part of. Anything that is not exactly a header of version 00 is as if it were not there, two of them too,
 * which Node gives as one text. W3C Trace Context §3.2.2
 * @returns 32 lower-case hex digits, the form of {@link Random.traceId}
 */
export function traceIdOf(header: string | readonly string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  const { trace = '', parent = '' } = TRACEPARENT.exec(header)?.groups ?? {};
  return trace === '' || NOUGHTS.test(trace) || NOUGHTS.test(parent) ? undefined : trace;
}
