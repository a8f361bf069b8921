import type { Context } from 'koa';
import { type CatalogueEntry, catalogue, type FaultCode, isFaultCode } from '../core/catalogue.ts';
import { Fault } from '../core/fault.ts';
import { escapeHtml, htmlPage, PAGE_POLICY } from './page.ts';

/** GET /errors/CODE: what an `error_uri` leads to, a page for people and JSON for programs that prefer it. Contract §3.3 */
export function errorPage(ctx: Context, code: string): void {
  if (!isFaultCode(code)) throw new Fault('PV-017', { detail: 'unknown error code' });
  ctx.set('Cache-Control', 'public, max-age=3600');
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.set('Vary', 'Accept');
  if (ctx.accepts('html', 'json') === 'json') {
    ctx.set('Content-Type', 'application/json');
    ctx.body = JSON.stringify(errorDocument(code));
  } else {
    ctx.set('Content-Security-Policy', PAGE_POLICY);
    ctx.type = 'html';
    ctx.body = page(code);
  }
}

/** What is known of a code, as programs read it: at `/errors/CODE` and from `portvakt explain -o json`. Contract §3.3 */
export function errorDocument(code: FaultCode): object {
  const { error, status, cause, fix }: CatalogueEntry = catalogue[code];
  return { code, error, status, cause, fix, texts: { en: `${cause} ${fix}` } };
}

function page(code: FaultCode): string {
  const { error, status, cause, fix }: CatalogueEntry = catalogue[code];
  return htmlPage(
    `${code} ${error}`,
    `<h1>${code}</h1>
<dl>
<dt>Answer</dt><dd>${status} <code>${escapeHtml(error)}</code></dd>
<dt>Cause</dt><dd>${escapeHtml(cause)}</dd>
<dt>Fix</dt><dd>${escapeHtml(fix)}</dd>
</dl>`,
  );
}
