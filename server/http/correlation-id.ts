import type { Middleware } from 'koa';
import type { Random } from '../core/ports.ts';
import { traceOf } from './traceparent.ts';

/**
 * Gives every request a number: the `trace_id` in the token endpoint's errors, the `correlation_id` in the log and the audit, and a
 * header of every answer. It is the trace that the caller says the request is part of, or else one of its own, which nobody records.
 * `PV-SEC-066`
 */
export function correlationId(random: Random): Middleware {
  return (ctx, next) => {
    const trace = traceOf(ctx.req.headers.traceparent) ?? { id: random.traceId(), sampled: false };
    ctx.state.trace = trace;
    ctx.state.correlationId = trace.id;
    ctx.set('X-Correlation-Id', trace.id);
    return next();
  };
}
