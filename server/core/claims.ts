import type { GrantedDetails } from './authorization-details.ts';
import type { Authorization } from './authorize.ts';
import { type Party, party } from './organization.ts';
import type { EpochSeconds } from './time.ts';

/** The claims of an access token, exactly the contract's. Contract §2.3 */
export type AccessTokenClaims = {
  readonly scope: string;
  readonly iss: string;
  readonly client_amr: string;
  readonly token_type: 'Bearer';
  readonly aud?: string | readonly string[];
  readonly pid?: string;
  readonly exp: EpochSeconds;
  readonly iat: EpochSeconds;
  readonly client_id: string;
  readonly jti: string;
  readonly delegation_source?: string;
  readonly supplier?: Party;
  readonly consumer: Party;
  readonly authorization_details?: readonly [GrantedDetails];
};

/** Turns an authorization into claims: no `sub`, and no `aud` unless there is an audience. Contract §2.3, `PV-SEC-074` */
export function accessTokenClaims(
  authorization: Authorization,
  { issuer, now, jti }: { readonly issuer: string; readonly now: EpochSeconds; readonly jti: string },
): AccessTokenClaims {
  const { audience, pid, delegationSource, supplier, details } = authorization;
  const [first] = audience;
  return {
    scope: authorization.scopes.join(' '),
    iss: issuer,
    client_amr: authorization.amr,
    token_type: 'Bearer',
    ...(first !== undefined && { aud: audience.length === 1 ? first : audience }),
    ...(pid !== undefined && { pid }),
    exp: now + authorization.lifetime,
    iat: now,
    client_id: authorization.clientId,
    jti,
    ...(delegationSource !== undefined && { delegation_source: delegationSource }),
    ...(supplier !== undefined && { supplier: party(supplier) }),
    consumer: party(authorization.consumer),
    ...(details && { authorization_details: [details] }),
  };
}
