import type { Context, default as Koa, Middleware } from 'koa';
import type { FaultCode } from '../core/catalogue.ts';
import { Fault } from '../core/fault.ts';
import type { Log, Ports, TokenSigner } from '../core/ports.ts';
import type { TokenFault } from '../core/token-fault.ts';
import type { Tracing } from '../core/tracing.ts';
import type { Admission } from './admission.ts';
import { correlationId, recordedCorrelationId } from './correlation-id.ts';
import { publicDocument } from './documents.ts';
import { errorPage } from './error-pages.ts';
import { live, ready } from './health.ts';
import { limitHeaders } from './limits.ts';
import { mint } from './mint.ts';
import { renderFaults } from './render-fault.ts';
import { type TokenWatch, tokenEndpoint } from './token-endpoint.ts';

/** What the addresses answer with, besides the rules of tokens. */
export type Documents = {
  readonly metadata: object;
  /** As they are published now. */
  readonly jwks: () => Promise<object>;
  /** Metadata of the resources that this server protects itself, by their path. RFC 9728 */
  readonly resources: ReadonlyMap<string, object>;
};

/** What stands around the rules. */
export type Surroundings = {
  readonly documents: Documents;
  /** The self-service API; it passes on what it does not know. */
  readonly api: Middleware;
  /** What other servers look up here; it passes on what it does not know. */
  readonly lookups: Middleware;
  /** Why the server is not ready; undefined when it is. Rejects where the store cannot be used. */
  readonly unready: () => Promise<FaultCode | undefined>;
  readonly admission: Admission;
  readonly tokens: TokenWatch;
  /** What signs tokens with faults; absent in production. */
  readonly faultySigners?: ((fault: TokenFault) => TokenSigner) | undefined;
  readonly log: Log;
  /** Where traces are recorded; absent: nowhere. */
  readonly tracing?: Tracing | undefined;
};

type Handler = (ctx: Context) => void | Promise<void>;
type Route = { readonly methods: readonly string[]; readonly handle: Handler };

const READ = ['GET', 'HEAD'];

/** Addresses whose requests have a place in traces. */
const RECORDED: ReadonlySet<string> = new Set(['/token', '/mint']);

/**
 * Puts our middlewares in front of the engine's router, one a line. They are the allow-list: what none of them knows never reaches
 * the engine, which would answer addresses of its own. The token endpoint comes first, because it is asked most. Decisions 6, 15
 */
export function mountApp(engine: Koa, ports: Ports, around: Surroundings): void {
  const { api, lookups, log, tracing } = around;
  engine.use(tracing ? recordedCorrelationId(ports.random, tracing, RECORDED) : correlationId(ports.random));
  engine.use(renderFaults({ issuer: ports.settings.issuer, log }));
  engine.use(closeAfterRefusedBody);
  engine.use(limitHeaders());
  engine.use(dispatch(routes(ports, around)));
  engine.use(api);
  engine.use(lookups);
  engine.use(nothingElse);
}

function routes(
  ports: Ports,
  { documents, unready, admission, tokens, faultySigners }: Surroundings,
): ReadonlyMap<string, Route> {
  const metadata = { methods: READ, handle: publicDocument(() => documents.metadata) };
  const jwks = { methods: READ, handle: publicDocument(documents.jwks) };
  const resources = [...documents.resources].map(([path, document]): [string, Route] => [
    `/.well-known/oauth-protected-resource${path}`,
    { methods: READ, handle: publicDocument(() => document) },
  ]);
  return new Map<string, Route>([
    ['/token', { methods: ['POST'], handle: tokenEndpoint(ports, { admission, watch: tokens }) }],
    ['/mint', { methods: ['POST'], handle: mint(ports, faultySigners, { admission, watch: tokens }) }],
    ['/.well-known/oauth-authorization-server', metadata],
    ['/.well-known/oauth-authorization-server/', metadata],
    ['/jwk', jwks],
    ['/jwk/', jwks],
    ['/jwk.json', jwks],
    ['/health/live', { methods: READ, handle: live }],
    ['/health/ready', { methods: READ, handle: ready(unready) }],
    ...resources,
  ]);
}

const ERROR_PAGE = /^\/errors\/([A-Za-z0-9-]{1,16})$/;

/** What the table does not know is passed on. */
function dispatch(table: ReadonlyMap<string, Route>): Middleware {
  return (ctx, next) => {
    const route = table.get(ctx.path) ?? errorRoute(ctx.path);
    if (!route) return next();
    if (route.methods.includes(ctx.method)) return route.handle(ctx);
    ctx.set('Allow', route.methods.join(', '));
    throw new Fault('PV-018', { expected: route.methods.join(', '), got: ctx.method });
  };
}

/** The engine behind would answer addresses of its own. */
function nothingElse(): never {
  throw new Fault('PV-017');
}

function errorRoute(path: string): Route | undefined {
  const code = ERROR_PAGE.exec(path)?.[1];
  return code === undefined ? undefined : { methods: READ, handle: (ctx) => errorPage(ctx, code) };
}

/** A body that was refused is not read to its end; the connection cannot be used again. `PV-SEC-059` */
async function closeAfterRefusedBody(ctx: Context, next: () => Promise<void>): Promise<void> {
  try {
    await next();
  } catch (error) {
    if (!ctx.req.complete) ctx.set('Connection', 'close');
    throw error;
  }
}
