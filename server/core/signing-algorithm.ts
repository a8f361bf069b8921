import type { ScopeRules } from './admin-scopes.ts';
import { Fault } from './fault.ts';
import type { TokenSettings } from './settings.ts';

/** What access tokens may be signed with. RFC 7518 §3.1, RFC 8037 §3.1 */
export const SIGNING_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/** The only one that every verifier of the contract's tokens knows, and that of the tokens for this server's own API. Contract §2.2 */
export const CONTRACT_ALGORITHM: SigningAlgorithm = 'RS256';

/**
 * The one algorithm that suits every scope of a token: what each asks for, and the issuer's own where it asks for none.
 * `PV-SEC-074`
 * @throws {Fault} PV-203 when they ask for different ones, or for one that this server does not sign with
 */
export function signingAlgorithm(
  scopes: readonly Pick<ScopeRules, 'signingAlgorithm'>[],
  { signingAlgorithms: available }: Pick<TokenSettings, 'signingAlgorithms'>,
): SigningAlgorithm {
  const [ours = CONTRACT_ALGORITHM] = available;
  const [algorithm = ours, ...others] = new Set(scopes.map(({ signingAlgorithm: asked = ours }) => asked));
  if (others.length === 0 && available.includes(algorithm)) return algorithm;
  const got = [algorithm, ...others].join(', ');
  throw new Fault('PV-203', { say: { algorithms: `, ${got}` }, expected: `one of ${available.join(', ')}`, got });
}
