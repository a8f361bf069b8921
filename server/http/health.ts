import type { Context } from 'koa';
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

/** GET /health/ready: tokens can be issued, and the clock is to be believed. @throws {StoreUnavailable} answered as 503, PV-503 */
export function ready(storage: Storage, steady: () => boolean): (ctx: Context) => Promise<void> {
  return async (ctx) => {
    if (!steady()) throw new Fault('PV-503', { retryAfter: RETRY_AFTER });
    await storage.ready();
    ctx.set(PRIVATE_JSON);
    ctx.body = JSON.stringify({ status: 'ready' });
  };
}
