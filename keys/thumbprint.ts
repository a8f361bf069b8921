import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import type { PublicJwk } from '../server/core/client.ts';

/** The members that make a key what it is, in the order of the digest. RFC 7638 §3.2, RFC 8037 §2 */
const REQUIRED_MEMBERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['RSA', ['e', 'kty', 'n']],
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
]);

/** The SHA-256 thumbprint of a public key, base64url: the `kid` of our own keys and the name of prepared ones. RFC 7638 */
export function thumbprint(jwk: PublicJwk): string {
  const members = REQUIRED_MEMBERS.get(jwk.kty) ?? ['kty'];
  const canonical = JSON.stringify(Object.fromEntries(members.map((member) => [member, jwk[member]])));
  return createHash('sha256').update(canonical).digest('base64url');
}

/** The public members of a private key, and no others. RFC 7518 §6.2.1, §6.3.1, RFC 8037 §2 */
export function publicJwk(key: KeyObject): PublicJwk {
  const { kty = '', ...members } = createPublicKey(key).export({ format: 'jwk' });
  return { kty, ...members };
}
