import type { Context } from 'koa';
import { DOCUMENT_MAX_AGE } from '../core/settings.ts';

/** Answers a public document, made anew at each request, that anyone may keep for a while. Contract §4, `PV-SEC-063` */
export function publicDocument(make: () => object | Promise<object>): (ctx: Context) => Promise<void> {
  return async (ctx) => {
    const document = await make();
    ctx.set('Content-Type', 'application/json');
    ctx.set('Cache-Control', `public, max-age=${DOCUMENT_MAX_AGE}`);
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.body = JSON.stringify(document);
  };
}
