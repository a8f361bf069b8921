import type { Context, Middleware } from 'koa';
import type { Random } from '../core/ports.ts';
import type { Trace } from '../core/trace.ts';
import type { Tracing } from '../core/tracing.ts';
import { traceOf } from './traceparent.ts';

/**
 * Gives every request a number: the `trace_id` in the token endpoint's errors, the `correlation_id` in the log and the audit, and a
 * header of every answer. It is the trace that the caller says the request is part of, or else one of its own, which nobody records.
 * `PV-SEC-066`
 */
export function correlationId(random: Random): Middleware {
  return (ctx, next) => {
    number(ctx, unrecorded(random, traceOf(ctx.req.headers.traceparent)));
    return next();
  };
}

/** As {@link correlationId}, where somebody records traces: a POST to one of these addresses has the number of its recorded trace. */
export function recordedCorrelationId(random: Random, tracing: Tracing, paths: ReadonlySet<string>): Middleware {
  const others = correlationId(random);
  return (ctx, next) => {
    if (ctx.method !== 'POST' || !paths.has(ctx.path)) return others(ctx, next);
    const caller = traceOf(ctx.req.headers.traceparent);
    return tracing.request(ctx.path, caller, async (trace) => {
      number(ctx, trace ?? unrecorded(random, caller));
      await next();
      const { code } = ctx.state;
      return { status: ctx.status, ...(code !== undefined && { code }) };
    });
  };
}

function unrecorded(random: Random, caller: Trace | undefined): Trace {
  return caller ?? { id: random.traceId(), sampled: false };
}

function number(ctx: Context, trace: Trace): void {
  ctx.state.trace = trace;
  ctx.state.correlationId = trace.id;
  ctx.set('X-Correlation-Id', trace.id);
}
