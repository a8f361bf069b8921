import type { Context } from 'koa';
import type { Storage } from '../core/ports.ts';
import { PRIVATE_JSON } from './render-fault.ts';

/** GET /health/live: the process answers. It asks nothing of the database. `PV-SEC-070`, `PV-SEC-125` */
export function live(ctx: Context): void {
  ctx.set(PRIVATE_JSON);
  ctx.body = JSON.stringify({ status: 'live' });
}

/** GET /health/ready: tokens can be issued. @throws {StoreUnavailable} answered as 503 */
export function ready(storage: Storage): (ctx: Context) => Promise<void> {
  return async (ctx) => {
    await storage.ready();
    ctx.set(PRIVATE_JSON);
    ctx.body = JSON.stringify({ status: 'ready' });
  };
}
