import type { Middleware } from 'koa';
import { Fault } from '../core/fault.ts';
import { type Log, StoreUnavailable } from '../core/ports.ts';
import { isOverload } from './admission.ts';

/** Headers of every answer that is about one caller. RFC 6749 §5.1, `PV-SEC-063` */
export const PRIVATE_JSON = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
};

/** Answers every Fault in the contract's shape, and whatever else is thrown as a fault of ours. Contract §3.1, `PV-SEC-066` */
export function renderFaults({ issuer, log }: { readonly issuer: string; readonly log: Log }): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const fault = toFault(error);
      reportFault(fault, error, { correlationId: ctx.state.correlationId, log });
      const { status } = fault.entry;
      ctx.state.code = fault.code;
      ctx.status = status;
      ctx.set(PRIVATE_JSON);
      if (fault.circumstances.retryAfter !== undefined) ctx.set('Retry-After', `${fault.circumstances.retryAfter}`);
      ctx.body = faultBody(fault, issuer, ctx.state.correlationId);
    }
  };
}

/** The error body of the token endpoint, as text. Contract §3.1 */
export function faultBody(fault: Fault, issuer: string, traceId: string): string {
  return JSON.stringify({
    error: fault.error,
    error_description: `${fault.message} (trace_id: ${traceId})`,
    error_uri: `${issuer}errors/${fault.code}`,
  });
}

/** Seconds after which a client may ask again when the store did not answer. */
const STORE_RETRY_AFTER = 2;

/** What a client is told of an error: a Fault as it is, a failing store as PV-502, anything else as PV-500. */
export function toFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof StoreUnavailable)
    return new Fault('PV-502', { retryAfter: STORE_RETRY_AFTER, detail: error.message, cause: error });
  return new Fault('PV-500', { cause: error });
}

/** A refusal is the client's business and one line, or none where there are too many; a fault of ours is logged with what is beneath it. */
export function reportFault(fault: Fault, error: unknown, { correlationId, log }: { correlationId: string; log: Log }): void {
  if (isOverload(fault)) return;
  const { code } = fault;
  const { status } = fault.entry;
  const { detail } = fault.circumstances;
  const fields = { correlation_id: correlationId, code, status, ...(detail !== undefined && { detail }) };
  if (status < 500) log.info('refused', fields);
  // What the server says of its own state, such as that it is not ready, has nothing beneath it.
  else if (error instanceof Fault && error.circumstances.cause === undefined) log.warn('refused', fields);
  else if (error instanceof Error) log.error('failed', { ...fields, error: error.message, stack: error.stack ?? '' });
  else log.error('failed', { ...fields, error: String(error) });
}
