/** The trace that a request is part of, as it is passed on to whoever is asked because of it. W3C Trace Context §3.2 */
export type Trace = {
  /** 32 lower-case hex digits, not all nought: the correlation id. */
  readonly id: string;
  /** Whether the caller records it, and so whoever it leads to may. */
  readonly sampled: boolean;
};

/** A trace as its caller says it, with the caller's own span: 16 lower-case hex digits, not all nought. */
export type CallersTrace = Trace & { readonly parent: string };

/**
 * The header by which a question is part of the trace, as a child of its own. Of the caller's flags the sampled one alone is known, and the
 * others go no further. W3C Trace Context §3.2.2.5, §3.4
 * @param span 16 lower-case hex digits, new for each question.
 */
export function traceparent({ id, sampled }: Trace, span: string): string {
  return `00-${id}-${span}-${sampled ? '01' : '00'}`;
}
