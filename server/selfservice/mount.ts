import type { IncomingMessage } from 'node:http';
import type { Context, Middleware } from 'koa';
import { Fault } from '../core/fault.ts';
import type { Changes, Log, Ports } from '../core/ports.ts';
import { countOverload } from '../http/admission.ts';
import { gated } from '../http/gated.ts';
import { reportFault, toFault } from '../http/render-fault.ts';
import { answer, refuse } from './answer.ts';
import { admitCaller, type Caller, type CallerRules } from './caller.ts';
import { createCursors } from './cursors.ts';
import { assertMatches } from './etag.ts';
import { answerOnce } from './idempotency.ts';
import { decode, parse, readJson, readQuery, withoutNulls } from './request.ts';
import type { Call, Route } from './route.ts';
import { type Match, router } from './router.ts';

/** What the API stands on. */
export type ApiSurroundings = CallerRules & {
  /** With what cursors are marked; the same wherever one store is served. */
  readonly cursorSecret: Uint8Array;
  readonly log: Log;
};

/**
 * The self-service API: finds the route, lets in who may, reads what came, runs the handler and answers. Every refusal has the
 * API's own error body. Contract §5.1
 * @throws {Error} for a table in which a route does not say who may use it, `PV-SEC-082`
 */
export function selfservice(routes: readonly Route[], surroundings: ApiSurroundings): Middleware {
  const find = router(routes);
  const { ports, log } = surroundings;
  return async (ctx, next) => {
    const match = find(ctx.path);
    if (!match) return next();
    try {
      const { route, call } = await receive(ctx, match, surroundings);
      answer(ctx, await gated(surroundings.admission.gate, () => run(ctx, route, call)), { route, call });
    } catch (error) {
      const fault = toFault(error);
      const { correlationId } = ctx.state;
      reportFault(fault, error, { correlationId, log });
      countOverload(fault, correlationId, ports);
      refuse(ctx, fault, ports);
    }
  };
}

/** Finds out what is asked, and by whom. While the body comes it holds no place: it may come slowly. `PV-SEC-068` */
async function receive(ctx: Context, match: Match, surroundings: ApiSurroundings): Promise<{ route: Route; call: Call }> {
  const route = match.methods.get(ctx.method === 'HEAD' ? 'GET' : ctx.method);
  if (!route) {
    ctx.set('Allow', [...match.methods.keys()].join(', '));
    throw new Fault(match.methods.size === 0 ? 'PV-017' : 'PV-018');
  }
  const caller = await callerOf(ctx.req, route, surroundings);
  const params = Object.fromEntries(Object.entries(match.params).map(([name, value]) => [name, decode(value)]));
  const query = parse(route.query, readQuery(ctx.querystring), 'query');
  const body = route.body ? await readInto(route.body, ctx, route) : undefined;
  return { route, call: makeCall(ctx, { route, caller, params, query, body, surroundings }) };
}

/** What everybody may read counts against the address, for nobody proves to have asked. */
async function callerOf(request: IncomingMessage, { scopes }: Route, surroundings: ApiSurroundings): Promise<Caller> {
  if (scopes !== 'public') return admitCaller(request, scopes, surroundings);
  const { addressOf, limits } = surroundings.admission;
  limits.arrived(addressOf(request));
  return NOBODY;
}

async function readInto(shape: NonNullable<Route['body']>, ctx: Context, { manners }: Route): Promise<unknown> {
  const body = (await readJson(ctx.req)) ?? {};
  return parse(shape, manners === 'contract' ? withoutNulls(body) : body, 'body');
}

type Received = Pick<Call, 'params' | 'query' | 'body'> & {
  readonly route: Route;
  readonly caller: Caller;
  readonly surroundings: ApiSurroundings;
};

function makeCall(ctx: Context, { route, caller, params, query, body, surroundings }: Received): Call {
  const { ports, cursorSecret } = surroundings;
  const list = {
    path: route.path,
    params,
    orgno: caller.orgno,
    filter: { ...(query as object), limit: undefined, cursor: undefined },
  };
  return {
    ...{ caller, params, query, body, ports, registers: ports.storage },
    now: Math.floor(ports.clock.now()),
    correlationId: ctx.state.correlationId,
    change: (work) => (isDryRun(query) ? judgeOnly(ports, work) : ports.storage.transaction(work)),
    cursors: createCursors(cursorSecret, list),
    assertMatches: (current) => assertMatches(ctx.get('If-Match') || undefined, current, route.manners === 'own'),
  };
}

function isDryRun(query: unknown): boolean {
  return typeof query === 'object' && query !== null && 'dry_run' in query && query.dry_run === true;
}

async function run(ctx: Context, route: Route, call: Call): Promise<object | undefined> {
  const repeatable = route.manners === 'own' && route.method === 'POST' && !route.safe;
  const key = repeatable ? ctx.get('Idempotency-Key') : '';
  const result = await (key === '' ? route.handle(call) : answerOnce(route, call, key));
  if (!isDryRun(call.query)) await route.afterwards?.(call.ports);
  return result;
}

/** Stands for the caller on public routes, which never look at it. */
const NOBODY = { clientId: '', orgno: '', scopes: [] };

/** Ends a transaction without a trace. */
class Undone extends Error {}

/** Runs the work and undoes it: a dry run. */
async function judgeOnly<T>({ storage }: Ports, work: (changes: Changes) => Promise<T>): Promise<T> {
  const judged = Promise.withResolvers<T>();
  try {
    await storage.transaction(async (changes) => {
      judged.resolve(await work(changes));
      throw new Undone('a dry run is undone');
    });
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
  }
  return judged.promise;
}
