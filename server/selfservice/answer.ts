import { Readable } from 'node:stream';
import type { Context } from 'koa';
import type { Fault } from '../core/fault.ts';
import type { Ports } from '../core/ports.ts';
import { DOCUMENT_MAX_AGE } from '../core/settings.ts';
import { PRIVATE_JSON } from '../http/render-fault.ts';
import { Document } from './document.ts';
import { errorBody } from './errors.ts';
import { etag } from './etag.ts';
import { Lines, NDJSON } from './lines.ts';
import { Page } from './paging.ts';
import { resourceMetadataAddress } from './resource-metadata.ts';
import type { Call, Route } from './route.ts';
import { BASE } from './router.ts';

/** Success is 200, also for creation; an answer without content has an empty body. Contract §5.1 */
export function answer(ctx: Context, result: object | undefined, asked: { route: Route; call: Call }): void {
  ctx.status = 200;
  if (result === undefined) {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = '';
    ctx.remove('Content-Type');
  } else if (result instanceof Lines) {
    answerLines(ctx, result);
  } else if (result instanceof Document) {
    answerDocument(ctx, result);
  } else {
    const object = result instanceof Page ? result.rows : result;
    if (result instanceof Page && result.next !== undefined) ctx.set('Link', `<${nextAddress(asked, result.next)}>; rel="next"`);
    const text = JSON.stringify(object);
    ctx.set(PRIVATE_JSON);
    ctx.set('ETag', etag(text));
    ctx.body = text;
  }
}

/** What fails on the way breaks the connection off: nobody takes a part for the whole. */
function answerLines(ctx: Context, { lines }: Lines): void {
  ctx.set({ ...PRIVATE_JSON, 'Content-Type': NDJSON });
  ctx.body = Readable.from(lines).on('error', () => ctx.res.destroy());
}

function answerDocument(ctx: Context, { mediaType, text, policy }: Document): void {
  ctx.set({
    'Content-Type': mediaType,
    'Cache-Control': `public, max-age=${DOCUMENT_MAX_AGE}`,
    'X-Content-Type-Options': 'nosniff',
  });
  if (policy !== undefined) ctx.set('Content-Security-Policy', policy);
  ctx.body = text;
}

/** Relative to the server, which may be known by another name outside. RFC 8288 §3.1 */
function nextAddress({ route, call }: { route: Route; call: Call }, cursor: string): string {
  const path = route.path.replace(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(call.params[name] ?? ''));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...(call.query as object), cursor })) query.set(name, `${value}`);
  return `${BASE}${path}?${query}`;
}

/** The refusal in the API's own body. Contract §5.1.1; RFC 6750 §3, RFC 9728 §5.1 */
export function refuse(ctx: Context, fault: Fault, { settings, clock }: Ports): void {
  ctx.status = fault.entry.status;
  ctx.set(PRIVATE_JSON);
  if (fault.entry.status === 401)
    ctx.set('WWW-Authenticate', `Bearer error="invalid_token", resource_metadata="${resourceMetadataAddress(settings.issuer)}"`);
  if (fault.circumstances.retryAfter !== undefined) ctx.set('Retry-After', `${fault.circumstances.retryAfter}`);
  if (!ctx.req.complete) ctx.set('Connection', 'close');
  const occurrence = { issuer: settings.issuer, correlationId: ctx.state.correlationId, now: Math.floor(clock.now()) };
  ctx.body = JSON.stringify(errorBody(fault, occurrence));
}
