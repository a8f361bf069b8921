import type { Context } from 'koa';
import { HOUR } from '../core/time.ts';

/** How long anyone may keep the metadata and the keys, in seconds. A new key is published at least this long before it signs. */
export const DOCUMENT_MAX_AGE = HOUR;

/** Answers a public document, made anew at each request, that anyone may keep for a while. Contract §4, `PV-SEC-063` */
export function publicDocument(make: () => object): (ctx: Context) => void {
  return (ctx) => {
    ctx.set('Content-Type', 'application/json');
    ctx.set('Cache-Control', `public, max-age=${DOCUMENT_MAX_AGE}`);
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.body = JSON.stringify(make());
  };
}
