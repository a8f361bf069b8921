import type { Context } from 'koa';
import type { FaultCode } from '../core/catalogue.ts';
import { Fault } from '../core/fault.ts';
import type { Storage } from '../core/ports.ts';
import { PRIVATE_JSON } from './render-fault.ts';

/** GET /health/live: the process answers. It asks nothing of the database. `PV-SEC-070`, `PV-SEC-125` */
export function live(ctx: Context): void {
  ctx.set(PRIVATE_JSON);
  ctx.body = JSON.stringify({ status: 'live' });
}

/** Seconds after which an unready server may be asked again. */
const RETRY_AFTER = 10;

/**
 * GET /health/ready: tokens can be issued, and nothing speaks against sending more requests here.
 * @param unready why it should not be asked now, whatever the store says.
 * @throws {StoreUnavailable} answered as 503; the Fault of what `unready` says
 */
export function ready(storage: Storage, unready: () => FaultCode | undefined): (ctx: Context) => Promise<void> {
  return async (ctx) => {
    const code = unready();
    if (code !== undefined) throw new Fault(code, { retryAfter: RETRY_AFTER });
    await storage.ready();
    ctx.set(PRIVATE_JSON);
    ctx.body = JSON.stringify({ status: 'ready' });
  };
}
