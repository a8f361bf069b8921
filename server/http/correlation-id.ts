import type { Middleware } from 'koa';
import type { Random } from '../core/ports.ts';
import { traceIdOf } from './traceparent.ts';

/**
 * Gives every request a number: the `trace_id` in the token endpoint's errors, the `correlation_id` in the log and the audit, and a
 * header of every answer. It is the trace that the caller says the request is part of, or else one of its own. `PV-SEC-066`
 */
export function correlationId(random: Random): Middleware {
  return (ctx, next) => {
    const id = traceIdOf(ctx.req.headers.traceparent) ?? random.traceId();
    ctx.state.correlationId = id;
    ctx.set('X-Correlation-Id', id);
    return next();
  };
}
