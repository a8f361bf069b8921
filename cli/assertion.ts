import { randomUUID } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import type { EpochSeconds } from '../server/core/time.ts';
import type { Credential } from './credential.ts';

/** What an assertion asks for. Contract §1.4 */
export type AssertionRequest = {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  readonly resource?: readonly string[];
  readonly pid?: string;
  readonly consumerOrg?: string;
  readonly authorizationDetails?: unknown;
  /** Seconds from `iat` to `exp`. */
  readonly lifetime: number;
  /** A random one unless told. */
  readonly jti?: string;
};

/** Signs an assertion as the contract has it. RFC 7523 §3 */
export async function signAssertion(request: AssertionRequest, { key, header }: Credential, now: EpochSeconds): Promise<string> {
  return new SignJWT(claims(request, now)).setProtectedHeader(protectedHeader(header)).sign(key);
}

function protectedHeader(header: Credential['header']) {
  return 'x5c' in header ? { alg: header.alg, x5c: [...header.x5c] } : { alg: header.alg, kid: header.kid };
}

function claims(request: AssertionRequest, now: EpochSeconds): JWTPayload {
  const { issuer, clientId, scope, resource, pid, consumerOrg, authorizationDetails, lifetime, jti = randomUUID() } = request;
  return {
    aud: issuer,
    iss: clientId,
    scope,
    iat: now,
    exp: now + lifetime,
    jti,
    ...(resource && { resource }),
    ...(pid !== undefined && { pid }),
    ...(consumerOrg !== undefined && { consumer_org: consumerOrg }),
    ...(authorizationDetails !== undefined && { authorization_details: authorizationDetails }),
  };
}
