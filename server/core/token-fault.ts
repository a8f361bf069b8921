import type { AccessTokenClaims } from './claims.ts';
import { MINUTE } from './time.ts';

/** Each fault that a token can be minted with, and what is wrong with it then. A rule of our own; the checks are those of RFC 7519 §7.2 */
export const TOKEN_FAULTS = {
  expired: 'ended five minutes ago',
  'not-yet-valid': 'nbf lies ahead for as long as the token lives',
  'without-expiry': 'there is no exp',
  'wrong-issuer': 'iss is another issuer',
  'wrong-audience': 'aud is another API',
  'wrong-scope': 'scope is another scope, that begins as the right one',
  'without-scope': 'there is no scope',
  'without-consumer': 'there is no consumer',
  'wrong-signature': "signed by another key, under the name of the issuer's",
  'unknown-kid': 'kid names no key of the issuer',
  'wrong-algorithm': 'signed with an algorithm that the key is not published for',
  'public-key-as-secret': 'signed with HS256, and the public key as the secret',
  unsigned: 'alg is none, and there is no signature',
  tampered: 'the consumer was changed after it was signed',
} as const;

/** A fault by its name. */
export type TokenFault = keyof typeof TOKEN_FAULTS;

/** Whether a text names a fault. */
export function isTokenFault(name: string): name is TokenFault {
  return Object.hasOwn(TOKEN_FAULTS, name);
}

/** How long a token has been over that has ended, in seconds: beyond any leeway. */
const OVER = 5 * MINUTE;

/** Where nobody answers. RFC 2606 §2 */
const ELSEWHERE = 'https://elsewhere.invalid/';

/** The claims with the fault, where it is one of theirs; else as they were. */
export function faultyClaims(claims: AccessTokenClaims, fault: TokenFault): object {
  const { exp, iat, scope, consumer, ...rest } = claims;
  switch (fault) {
    case 'expired':
      return { ...claims, exp: iat - OVER, iat: iat - OVER - (exp - iat) };
    case 'not-yet-valid':
      return { ...claims, nbf: exp - 1 };
    case 'without-expiry':
      return { ...rest, scope, consumer, iat };
    case 'wrong-issuer':
      return { ...claims, iss: ELSEWHERE };
    case 'wrong-audience':
      return { ...claims, aud: ELSEWHERE };
    case 'wrong-scope':
      return { ...claims, scope: `${scope}.elsewhere` };
    case 'without-scope':
      return { ...rest, consumer, exp, iat };
    case 'without-consumer':
      return { ...rest, scope, exp, iat };
    default:
      return claims;
  }
}

/** Made-up organisations whose numbers are right: the signature is to be what is wrong. Contract §0.4 */
const OTHERS = ['0192:310555061', '0192:310555037'] as const;

/** Another organisation's claims: what is put in the place of a signed token's. */
export function tamperedClaims(claims: AccessTokenClaims): object {
  const { consumer } = claims;
  return { ...claims, consumer: { ...consumer, ID: OTHERS.find((number) => number !== consumer.ID) } };
}
