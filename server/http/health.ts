import type { Context } from 'koa';
import type { FaultCode } from '../core/catalogue.ts';
import { Fault } from '../core/fault.ts';
import { PRIVATE_JSON } from './render-fault.ts';

/** What is answered where all is well. */
export const LIVE = { type: 'application/json', text: JSON.stringify({ status: 'live' }) };
export const READY = { type: 'application/json', text: JSON.stringify({ status: 'ready' }) };

/** GET /health/live: the process answers. It asks nothing of the database. `PV-SEC-070`, `PV-SEC-125` */
export function live(ctx: Context): void {
  ctx.set(PRIVATE_JSON);
  ctx.body = LIVE.text;
}

/** Seconds after which an unready server may be asked again. */
export const RETRY_AFTER = 10;

/**
 * GET /health/ready: tokens can be issued, and nothing speaks against sending more requests here.
 * @param unready why it should not be asked now; rejects where the store cannot be used.
 * @throws {StoreUnavailable} answered as 503; the Fault of what `unready` says
 */
export function ready(unready: () => Promise<FaultCode | undefined>): (ctx: Context) => Promise<void> {
  return async (ctx) => {
    const code = await unready();
    if (code !== undefined) throw new Fault(code, { retryAfter: RETRY_AFTER });
    ctx.set(PRIVATE_JSON);
    ctx.body = READY.text;
  };
}
