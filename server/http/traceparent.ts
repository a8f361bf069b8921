import type { CallersTrace } from '../core/trace.ts';

/** Version, trace-id, parent-id and flags; of the version that there is. W3C Trace Context §3.2 */
const TRACEPARENT = /^00-(?<id>[0-9a-f]{32})-(?<parent>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})$/;

/** The one flag that version 00 knows. W3C Trace Context §3.2.2.5.1 */
const SAMPLED = 0x01;

const NOUGHTS = /^0+$/;

/**
 * The trace that a request is part of. Anything that is not exactly a header of version 00 is as if it were not there, two of them too,
 * which Node gives as one text. W3C Trace Context §3.2.2
 */
export function traceOf(header: string | readonly string[] | undefined): CallersTrace | undefined {
  if (typeof header !== 'string') return undefined;
  const { id = '', parent = '', flags = '' } = TRACEPARENT.exec(header)?.groups ?? {};
  if (id === '' || NOUGHTS.test(id) || NOUGHTS.test(parent)) return undefined;
  return { id, parent, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}
