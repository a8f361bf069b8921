import { authentication } from './authenticate.ts';
import { type Authorization, authorize } from './authorize.ts';
import { stopAtFirst } from './checks.ts';
import { type AccessTokenClaims, accessTokenClaims } from './claims.ts';
import { Fault } from './fault.ts';
import { Grant } from './grant.ts';
import type { AuditRecord, Ports, SpendKey } from './ports.ts';

/** What a client is answered. RFC 6749 §5.1, contract §2.1 */
export type TokenResponse = {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  /** Whole seconds that the token has left. */
  readonly expires_in: number;
  readonly scope: string;
};

/**
 * Answers one token request: reads and authenticates the grant, judges it, spends it together with the verdict in one durable
 * commit, and only then signs. RFC 7523 §2.1, contract §1.5
 * @param body the form's bytes.
 * @throws {Fault} with the code that the client is shown.
 */
export async function issueToken(body: Uint8Array, correlationId: string, ports: Ports): Promise<TokenResponse> {
  const grant = Grant.fromForm(body, ports);
  await stopAtFirst(authentication, grant);
  const verdict = await judge(grant);
  await spend(grant, verdict, correlationId);
  if (verdict instanceof Fault) throw verdict;
  const { issuer } = ports.settings;
  return issue(accessTokenClaims(verdict, { issuer, now: grant.now, jti: ports.random.token() }), ports);
}

/** The verdict as a value, so that a refusal too can be kept in the commit that spends the assertion. */
async function judge(grant: Grant): Promise<Authorization | Fault> {
  try {
    return await authorize(grant);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** @throws {Fault} MP-012 when it was spent before: a replay wins over any other verdict. `PV-SEC-029`, `PV-SEC-034` */
async function spend(grant: Grant, verdict: Authorization | Fault, correlationId: string): Promise<void> {
  const { storage, settings } = grant.ports;
  const expires = grant.claims().exp + settings.expLeeway;
  const fresh = await storage.assertions.spend(spendKey(grant), expires, await record(grant, verdict, correlationId));
  if (!fresh) throw new Fault('MP-012', { expected: 'an assertion that has not been used' });
}

/** What makes two assertions the same. `PV-SEC-032`, `PV-SEC-033` */
export function spendKey(grant: Grant): SpendKey {
  const { iss: clientId, jti } = grant.claims();
  return jti !== undefined ? { clientId, jti } : { clientId, signingInput: grant.jws().signingInput };
}

async function record(grant: Grant, verdict: Authorization | Fault, correlationId: string): Promise<AuditRecord> {
  const { clientId, orgno } = await grant.client();
  const about = { at: grant.now, correlationId, clientId, orgno };
  if (verdict instanceof Fault) return { ...about, type: 'token.refused', details: { code: verdict.code } };
  const { amr, scopes, consumer, supplier, lifetime } = verdict;
  const details = {
    amr,
    scopes,
    consumer_orgno: consumer,
    ...(supplier !== undefined && { supplier_orgno: supplier }),
    lifetime,
  };
  return { ...about, type: 'token.issuing', details };
}

async function issue(claims: AccessTokenClaims, { signer, clock, counter }: Ports): Promise<TokenResponse> {
  const access_token = await signer.sign(claims);
  counter.issued(claims.client_id, claims.scope.split(' '), claims.iat);
  const expires_in = Math.max(0, Math.floor(claims.exp - clock.now()));
  return { access_token, token_type: 'Bearer', expires_in, scope: claims.scope };
}
