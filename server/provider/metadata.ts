import { ASSERTION_ALGORITHMS } from '../core/assertion.ts';
import type { DetailsType } from '../core/authorization-details.ts';
import { JWT_BEARER } from '../core/token-request.ts';

/**
 * The authorization server's metadata: exactly the contract's members, and only what is true: types of authorization details where any
 * are served. The engine's own document has some
 * twenty more and no way to leave them out. RFC 8414 §2, contract §4.1, `PV-SEC-069`
 */
export function metadata(issuer: string, detailsTypes: readonly DetailsType[]): object {
  return {
    issuer,
    token_endpoint: `${issuer}token`,
    jwks_uri: `${issuer}jwk`,
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    grant_types_supported: [JWT_BEARER],
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    ...(detailsTypes.length > 0 && { authorization_details_types_supported: detailsTypes }),
  };
}
