import type { Context } from 'koa';
import { Fault } from '../core/fault.ts';
import { issueToken, type TokenResponse } from '../core/issue-token.ts';
import type { Measures } from '../core/measures.ts';
import type { Log, Ports } from '../core/ports.ts';
import { readBody } from './body.ts';
import { PRIVATE_JSON } from './render-fault.ts';

/** Largest body of a token request, in bytes. `PV-SEC-059` */
const MAX_BODY = 48 * 1024;

/** How token requests are watched. */
export type TokenWatch = {
  readonly seconds: Measures['seconds'];
  /** Is told of every token; absent: of refusals alone, which have their line in any case. */
  readonly log?: Log;
};

/** POST /token: the JWT-bearer grant, and how long it took. Contract §1.2, §2.1 */
export function tokenEndpoint(ports: Ports, { seconds, log }: TokenWatch): (ctx: Context) => Promise<void> {
  const answer = answering(ports);
  return async (ctx) => {
    const start = performance.now();
    let outcome: keyof Measures['seconds'] = 'refused';
    try {
      await answer(ctx);
      outcome = 'issued';
    } finally {
      seconds[outcome].observe((performance.now() - start) / 1000);
    }
    log?.info('issued', {
      correlation_id: ctx.state.correlationId,
      status: 200,
      duration_ms: Math.round(performance.now() - start),
    });
  };
}

function answering(ports: Ports): (ctx: Context) => Promise<void> {
  return async (ctx) => {
    assertIsForm(ctx);
    const body = await readBody(ctx.req, MAX_BODY);
    const answer = await issue(body, ctx.state.correlationId, ports);
    ctx.set(PRIVATE_JSON);
    ctx.body = JSON.stringify(answer);
  };
}

/**
 * The media type in any case and with any parameter, no coding, and no assertion in the address, where it would end up in logs.
 * `PV-SEC-059`, `PV-SEC-060`
 */
function assertIsForm({ req, querystring }: Context): void {
  if (req.headers['content-encoding'] !== undefined) throw new Fault('PV-020');
  const mediaType = req.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/x-www-form-urlencoded') throw new Fault('PV-010', { detail: 'media type' });
  if (querystring !== '' && new URLSearchParams(querystring).has('assertion'))
    throw new Fault('PV-010', { detail: 'assertion in the address' });
}

/** Codes that tell a stranger whether a client, key or certificate is known. `PV-SEC-066` */
const IDENTITY_CODES: ReadonlySet<string> = new Set([
  ...['MP-120', 'MP-121', 'MP-122', 'MP-123', 'MP-124'],
  ...['PV-125', 'PV-126', 'PV-127', 'PV-128', 'PV-129'],
]);

async function issue(body: Buffer, correlationId: string, ports: Ports): Promise<TokenResponse> {
  try {
    return await issueToken(body, correlationId, ports);
  } catch (error) {
    const folded = ports.settings.uniformErrors && error instanceof Fault && IDENTITY_CODES.has(error.code);
    throw folded ? new Fault('MP-100', { detail: error.code, cause: error }) : error;
  }
}
