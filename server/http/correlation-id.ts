import type { Middleware } from 'koa';
import type { Random } from '../core/ports.ts';

/**
 * Gives every request a number of its own: the `trace_id` in the token endpoint's errors, the `correlation_id` in the log and the
 * audit, and a header of every answer. `PV-SEC-066`
 */
export function correlationId(random: Random): Middleware {
  return (ctx, next) => {
    const id = random.traceId();
    ctx.state.correlationId = id;
    ctx.set('X-Correlation-Id', id);
    return next();
  };
}
