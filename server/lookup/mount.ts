import type { Context, Middleware } from 'koa';
import { Fault } from '../core/fault.ts';
import type { Log } from '../core/ports.ts';
import type { AuthoritySettings } from '../core/settings.ts';
import { countOverload } from '../http/admission.ts';
import { gated } from '../http/gated.ts';
import { PRIVATE_JSON, reportFault, toFault } from '../http/render-fault.ts';
import { admitCaller, type CallerRules } from '../selfservice/caller.ts';
import { readJson } from '../selfservice/request.ts';
import { consentLookup } from './consents.ts';
import { delegationLookup } from './delegations.ts';
import type { Asked, Lookup } from './lookup.ts';
import { answerEmpty, answerProblem, EmptyRefusal, Problem, toProblem } from './problem.ts';
import { systemUserLookup } from './system-users.ts';

/** What the look-ups stand on. */
export type LookupSurroundings = CallerRules & {
  readonly settings: AuthoritySettings;
  readonly log: Log;
};

/**
 * The look-ups that Altinn offers to Maskinporten, at their own addresses, for those whose tokens of this server hold the scopes: so
 * that the tools of API owners work here, and one Portvakt can be another's source. One whose register is not in use is not there.
 * Contract §6.3, §7.1, §7.2
 */
export function lookups(surroundings: LookupSurroundings): Middleware {
  const { settings, admission } = surroundings;
  const table: readonly Lookup[] = [
    ...(settings.delegations === 'local' ? [delegationLookup] : []),
    ...(settings.systemUsers === 'local' ? [systemUserLookup] : []),
    ...(settings.consents === 'local' ? [consentLookup] : []),
  ];
  return async (ctx, next) => {
    const path = ctx.path.replace(/\/$/, '');
    const lookup = table.find((candidate) => candidate.path.toLowerCase() === path.toLowerCase());
    if (!lookup) return next();
    try {
      const asked = await receive(ctx, lookup, surroundings);
      const answer = await gated(admission.gate, () => lookup.answer(asked));
      ctx.set(PRIVATE_JSON);
      ctx.body = JSON.stringify(answer);
    } catch (error) {
      refuse(ctx, error, surroundings);
    }
  };
}

/** While the body comes it holds no place: it may come slowly. `PV-SEC-068` */
async function receive(ctx: Context, { method, scopes }: Lookup, rules: LookupSurroundings): Promise<Asked> {
  if ((ctx.method === 'HEAD' ? 'GET' : ctx.method) !== method) {
    ctx.set('Allow', method);
    throw new Fault('PV-018', { expected: method });
  }
  const caller = await admitCaller(ctx.req, scopes, rules);
  const { storage, clock } = rules.ports;
  const body = method === 'POST' ? await readJson(ctx.req) : undefined;
  return { caller, query: readQuery(ctx.querystring), ...(body && { body }), registers: storage, now: Math.floor(clock.now()) };
}

/** @throws {Problem} for a parameter that is given twice: which of the two is meant? */
function readQuery(querystring: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(querystring)) {
    if (query.has(name.toLowerCase())) throw new Problem(400, 'A parameter is given twice');
    query.set(name.toLowerCase(), value);
  }
  return query;
}

function refuse(ctx: Context, error: unknown, surroundings: LookupSurroundings): void {
  if (!ctx.req.complete) ctx.set('Connection', 'close');
  if (error instanceof EmptyRefusal) answerEmpty(ctx, error);
  else if (error instanceof Problem) answerProblem(ctx, error);
  else refuseForFault(ctx, error, surroundings);
}

/** What is refused before a look-up, and what fails in it. */
function refuseForFault(ctx: Context, error: unknown, { ports, log }: LookupSurroundings): void {
  const fault = toFault(error);
  const { correlationId } = ctx.state;
  reportFault(fault, error, { correlationId, log });
  countOverload(fault, correlationId, ports);
  if (fault.entry.status === 401) ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
  if (fault.circumstances.retryAfter !== undefined) ctx.set('Retry-After', `${fault.circumstances.retryAfter}`);
  answerProblem(ctx, toProblem(fault));
}
