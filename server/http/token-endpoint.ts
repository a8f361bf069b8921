import type { Context } from 'koa';
import { Fault } from '../core/fault.ts';
import { issueToken, type TokenResponse } from '../core/issue-token.ts';
import type { Measures } from '../core/measures.ts';
import type { Log, Ports } from '../core/ports.ts';
import type { Trace } from '../core/trace.ts';
import { type Admission, countOverload } from './admission.ts';
import { readBody } from './body.ts';
import { withinPatience } from './patience.ts';
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
export function tokenEndpoint(
  ports: Ports,
  { admission, watch: { seconds, log } }: { readonly admission: Admission; readonly watch: TokenWatch },
): (ctx: Context) => Promise<void> {
  const answer = answering(ports, admission);
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

/** A place is taken when the body is there, so that slow senders hold none. `PV-SEC-068` */
function answering(ports: Ports, { addressOf, gate }: Admission): (ctx: Context) => Promise<void> {
  const { tracing } = ports;
  return async (ctx) => {
    const address = addressOf(ctx.req);
    const { correlationId } = ctx.state;
    arrive(address, correlationId, ports);
    const body = await receive(ctx, ports);
    const turn = gate.enter();
    if (turn)
      await tracing.step('queue', () => turn).catch((error: unknown) => sendAway(error, address, { correlationId, ports }));
    // The place is free when the work is done, and not when somebody was told that it takes too long.
    const work = inPlace(ctx, () => issue(body, ports, { trace: ctx.state.trace, address })).finally(() => gate.leave());
    const answer = await withinPatience(work);
    ctx.set(PRIVATE_JSON);
    ctx.body = JSON.stringify(answer);
  };
}

/** The body of a form. What is none is refused before there is anything to judge. */
async function receive(ctx: Context, { refused, clock, tracing }: Ports): Promise<Buffer> {
  try {
    assertIsForm(ctx);
    return await tracing.step('receive', () => readBody(ctx.req, MAX_BODY));
  } catch (error) {
    const at = Math.floor(clock.now());
    if (error instanceof Fault) refused.note({ fault: error, correlationId: ctx.state.correlationId, at });
    throw error;
  }
}

/** Nobody is worked for who has gone while waiting. @throws {Fault} PV-022 */
async function inPlace<T>({ req }: Context, work: () => Promise<T>): Promise<T> {
  if (req.socket.destroyed) throw new Fault('PV-022', { detail: 'the sender went away' });
  return work();
}

/** What is refused before it is read is counted here, what is judged where it is judged. @throws {Fault} PV-401 */
function arrive(address: string | undefined, correlationId: string, ports: Ports): void {
  try {
    ports.limits.arrived(address);
  } catch (error) {
    if (error instanceof Fault) countOverload(error, correlationId, ports);
    throw error;
  }
}

/** That there is no place is not the sender's doing: it would make every busy minute one in which its address is shut out. */
function sendAway(
  error: unknown,
  address: string | undefined,
  { correlationId, ports }: { correlationId: string; ports: Ports },
): never {
  ports.limits.excused(address);
  if (error instanceof Fault) countOverload(error, correlationId, ports);
  throw error;
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

async function issue(
  body: Buffer,
  ports: Ports,
  origin: { readonly trace: Trace; readonly address: string | undefined },
): Promise<TokenResponse> {
  try {
    return await issueToken(body, ports, origin);
  } catch (error) {
    const folded = ports.settings.uniformErrors && error instanceof Fault && IDENTITY_CODES.has(error.code);
    throw folded ? new Fault('MP-100', { detail: error.code, cause: error }) : error;
  }
}
