import { authentication, restsOnCertificate } from './authenticate.ts';
import type { GrantedDetails } from './authorization-details.ts';
import { type Authorization, authorize } from './authorize.ts';
import { stopAtFirst } from './checks.ts';
import { type AccessTokenClaims, accessTokenClaims } from './claims.ts';
import { consult } from './consult.ts';
import { Fault } from './fault.ts';
import { Grant } from './grant.ts';
import { isCanonicalNumber } from './organization.ts';
import type { AuditRecord, Ports } from './ports.ts';
import { parseScopes } from './scope.ts';
import { CONTRACT_ALGORITHM, type SigningAlgorithm } from './signing-algorithm.ts';
import { spendKey } from './spend-key.ts';
import type { Trace } from './trace.ts';

/** What a client is answered. RFC 6749 §5.1, contract §2.1 */
export type TokenResponse = {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  /** Whole seconds that the token has left. */
  readonly expires_in: number;
  readonly scope: string;
};

/** Most often that one request is judged, where changes come one upon the other. */
const JUDGINGS = 4;

/** The registers were changed while a grant was judged: what was found is of two states, and may be true in none. */
class RegistersMoved extends Error {
  override readonly name = 'RegistersMoved';
}

/**
 * Answers one token request: reads and authenticates the grant, judges it, spends it together with the verdict in one durable
 * commit, asks whoever else must be asked, and only then signs. RFC 7523 §2.1, contract §1.5
 *
 * It is judged on one state of the registers, and anew where that was changed meanwhile; the last time on what there is. `PV-SEC-072`
 * @param body the form's bytes.
 * @param origin the trace that the request is part of, and whom it is counted against until its client has proven to have sent it;
 * undefined: nobody. `PV-SEC-112`
 * @throws {Fault} with the code that the client is shown.
 */
export async function issueToken(
  body: Uint8Array,
  ports: Ports,
  origin: { readonly trace: Trace; readonly address?: string | undefined },
): Promise<TokenResponse> {
  for (let judgings = 1; judgings < JUDGINGS; judgings++) {
    const grant = Grant.fromForm(body, ports, origin);
    try {
      return await answer(grant, { correlationId: origin.trace.id, mayMove: false });
    } catch (error) {
      if (!(error instanceof RegistersMoved)) throw error;
    }
  }
  return answer(Grant.fromForm(body, ports, origin), { correlationId: origin.trace.id, mayMove: true });
}

/** How a grant is judged. */
type Judging = {
  readonly correlationId: string;
  /** Whether it counts although the registers were changed meanwhile. */
  readonly mayMove: boolean;
};

/** @throws {RegistersMoved} before anything is spent */
async function answer(grant: Grant, judging: Judging): Promise<TokenResponse> {
  const { ports } = grant;
  const { correlationId } = judging;
  try {
    const verdict = await proven(grant, judging);
    await noteCertificate(grant);
    const final = await settle(grant, verdict, correlationId);
    if (final instanceof Fault) throw counted(final, grant);
    const { issuer } = ports.settings;
    const claims = accessTokenClaims(final, { issuer, now: grant.now, jti: ports.random.token() });
    const response = await issue(claims, final.signingAlgorithm, ports);
    ports.counter.issued(final, grant.now);
    return response;
  } catch (error) {
    if (error instanceof Fault) ports.refused.note({ grant, fault: error, correlationId, at: grant.now });
    throw error;
  }
}

type Verdict = Authorization | Fault;

/** The verdict on a grant that its client has signed, and that is spent with it. @throws {Fault} for any other, which is counted */
async function proven(grant: Grant, judging: Judging): Promise<Verdict> {
  try {
    await authenticate(grant, judging);
    keepHeader(grant);
    return await judgeOnce(grant, judging);
  } catch (error) {
    if (error instanceof Fault) grant.ports.unproven.count(error.code, judging.correlationId, grant.now);
    // What is judged anew is still to be paid for, or excused then.
    else if (!(error instanceof RegistersMoved)) grant.ports.limits.excused(grant.address);
    throw error;
  }
}

async function authenticate(grant: Grant, judging: Judging): Promise<void> {
  try {
    await grant.ports.tracing.step('authenticate', () => stopAtFirst(authentication, grant));
  } catch (error) {
    if (error instanceof Fault) await assertOneState(grant, judging);
    throw error;
  }
}

/** Counts the grant on its client for as long as it may be the first of its kind, and for good when it is. `PV-SEC-112` */
async function judgeOnce(grant: Grant, judging: Judging): Promise<Verdict> {
  const { limits, tracing } = grant.ports;
  const client = await grant.client();
  limits.proven(grant.address, client);
  try {
    const verdict = await tracing.step('authorize', () => verdictOf(() => authorize(grant)));
    await assertOneState(grant, judging);
    await spend(grant, verdict, judging.correlationId);
    limits.excused(grant.address);
    return verdict;
  } catch (error) {
    limits.unspent(client);
    throw error;
  }
}

function keepHeader({ jws, ports }: Grant): void {
  const { header, headerText } = jws();
  ports.headers.keep(headerText, header);
}

/** @throws {RegistersMoved} when what was found so far may be of two */
async function assertOneState(grant: Grant, { mayMove }: Judging): Promise<void> {
  if (!mayMove && !(await grant.isOfOneState())) throw new RegistersMoved();
}

/** The verdict as a value, so that a refusal too can be kept in the commit that spends the assertion. */
async function verdictOf(judge: () => Promise<Authorization>): Promise<Verdict> {
  try {
    return await judge();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** @throws {Fault} MP-012 when it was spent before: a replay wins over any other verdict. `PV-SEC-029`, `PV-SEC-034` */
async function spend(grant: Grant, verdict: Verdict, correlationId: string): Promise<void> {
  const { storage, settings, tracing } = grant.ports;
  const expires = grant.claims().exp + settings.expLeeway;
  const kept = await record(grant, verdict, correlationId);
  tracing.proven(kept);
  const fresh = await tracing.step('commit', () => storage.assertions.spend(spendKey(grant), expires, kept));
  if (!fresh) throw new Fault('MP-012', { expected: 'an assertion that has not been used' });
}

/**
 * The verdict that stands. Where somebody else has to be asked it is a second one, with a row of its own, as durable as the first
 * before anything is answered.
 */
async function settle(grant: Grant, verdict: Verdict, correlationId: string): Promise<Verdict> {
  if (verdict instanceof Fault || verdict.asks.length === 0) return verdict;
  const { storage, tracing } = grant.ports;
  const final = await verdictOf(() => consult(grant, verdict));
  const kept = await record(grant, final, correlationId);
  await tracing.step('commit', () => storage.audit.append(kept));
  return final;
}

/** Its holder is warned before it ends. */
async function noteCertificate(grant: Grant): Promise<void> {
  if (!(await restsOnCertificate(grant))) return;
  const { organization: orgno, fingerprint, subject, serial, notAfter } = await grant.certificate();
  const { clientId } = await grant.client();
  grant.ports.counter.certificateSeen({ clientId, fingerprint, subject, serial, orgno, notAfter, lastSeen: grant.now });
}

/** A supplier is shown which consumers it asked for in vain. */
function counted(fault: Fault, { ports, now }: Grant): Fault {
  const { scope, consumer: consumerOrgno, supplier: supplierOrgno } = fault.circumstances.say ?? {};
  if (fault.code === 'MP-251' && scope && consumerOrgno && supplierOrgno)
    ports.counter.undelegated({ scope, consumerOrgno, supplierOrgno }, now);
  return fault;
}

async function record(grant: Grant, verdict: Verdict, correlationId: string): Promise<AuditRecord> {
  const { clientId, orgno } = await grant.client();
  const about = { at: grant.now, correlationId, clientId, orgno };
  if (verdict instanceof Fault)
    return { ...about, type: 'token.refused', details: { code: verdict.code, ...(await askedFor(grant)) } };
  const { amr, scopes, consumer, supplier, details, lifetime, signingAlgorithm: alg, asks } = verdict;
  const members = {
    amr,
    scopes,
    consumer_orgno: consumer,
    ...(supplier !== undefined && { supplier_orgno: supplier }),
    ...(details && { authorization_details: subjectOf(details) }),
    lifetime,
    ...(alg !== CONTRACT_ALGORITHM && { alg }),
    ...(asks.length > 0 && { asks }),
  };
  return { ...about, type: asks.length > 0 ? 'token.asking' : 'token.issuing', details: members };
}

/** What was asked for in vain, as far as it is registered: a stranger's words are not kept. */
async function askedFor(grant: Grant): Promise<object> {
  const { scopes: registered, orgno } = await grant.client();
  const { scope, consumerOrg } = grant.claims();
  const scopes = (parseScopes(scope ?? '') ?? []).filter((name) => registered.includes(name));
  const acts = consumerOrg !== undefined && isCanonicalNumber(consumerOrg);
  return {
    ...(scopes.length > 0 && { scopes }),
    ...(acts && { consumer_orgno: consumerOrg, supplier_orgno: orgno }),
  };
}

/** What the details are of; a consent's giver may be a person, and is not kept. `PV-SEC-104` */
function subjectOf(details: GrantedDetails): object {
  const { type } = details;
  return details.type === 'urn:altinn:consent' ? { type, id: details.id } : { type, id: details.systemuser_id[0] };
}

async function issue(
  claims: AccessTokenClaims,
  algorithm: SigningAlgorithm,
  { signer, clock, tracing }: Ports,
): Promise<TokenResponse> {
  const access_token = await tracing.step('sign', () => signer.sign(claims, algorithm));
  const expires_in = Math.max(0, Math.floor(claims.exp - clock.now()));
  return { access_token, token_type: 'Bearer', expires_in, scope: claims.scope };
}
