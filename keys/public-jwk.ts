import { ASSERTION_ALGORITHMS } from '../server/core/assertion.ts';
import type { KeyFlaw, PublicJwk, RegistrableKey } from '../server/core/client.ts';
import { Fault } from '../server/core/fault.ts';
import type { JsonValue } from '../server/core/strict-json.ts';
import { readX5c } from '../server/core/x5c.ts';
import { rsaJwkFlaw } from './key-policy.ts';
import { thumbprint } from './thumbprint.ts';
import { readCertificate } from './x509/certificate.ts';
import { readPublicKey } from './x509/public-key.ts';
import { Refusal } from './x509/refusal.ts';

/** Members that only a private or a symmetric key has. RFC 7518 §6.2.2, §6.3.2 and §6.4.1 */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Contract §5.3; the length is our own bound. */
const KID = /^[A-Za-z0-9._-]{1,255}$/;

/**
 * Reads a public key in JWK form as it is registered on a client: RSA within the key policy, for signatures, with no private
 * member. What else stands in it is ignored. Contract §5.3, `PV-SEC-013`, `PV-SEC-014`
 * @returns the key, or why it cannot be registered.
 */
export function readPublicJwk(jwk: Readonly<Record<string, JsonValue>>): RegistrableKey | KeyFlaw {
  const secret = PRIVATE_MEMBERS.find((member) => member in jwk);
  if (secret !== undefined)
    return { member: secret, flaw: `it holds the private member ${secret}: register the public key alone` };
  const { kid, alg, kty, n, e, x5c } = jwk;
  if (typeof kid !== 'string' || !KID.test(kid))
    return { member: 'kid', flaw: 'kid is not 1 to 255 letters, digits, dots, underscores or hyphens' };
  if (jwk.use !== 'sig') return { member: 'use', flaw: 'use is not sig' };
  if (jwk.key_ops !== undefined && !allowsVerification(jwk.key_ops))
    return { member: 'key_ops', flaw: 'key_ops does not allow verify' };
  if (alg !== undefined && (typeof alg !== 'string' || !ASSERTION_ALGORITHMS.includes(alg))) {
    return { member: 'alg', flaw: `alg is not one of ${ASSERTION_ALGORITHMS.join(', ')}` };
  }
  if (typeof kty !== 'string' || typeof n !== 'string' || typeof e !== 'string')
    return { member: 'kty', flaw: 'it is not an RSA key with n and e' };
  const bare: PublicJwk = { kty, n, e };
  const flaw = rsaJwkFlaw(bare);
  if (flaw !== undefined) return { member: culprit(bare), flaw };
  const key = { kid, jwk: bare, thumbprint: thumbprint(bare), ...(alg !== undefined && { alg }) };
  return x5c === undefined ? key : withCertificate(key, x5c);
}

/** The member that breaks the key policy: the modulus, unless it would do with the exponent that everybody uses. */
function culprit(key: PublicJwk): string {
  if (key.kty !== 'RSA') return 'kty';
  return rsaJwkFlaw({ ...key, e: 'AQAB' }) === undefined ? 'e' : 'n';
}

function allowsVerification(operations: JsonValue): boolean {
  return Array.isArray(operations) && operations.includes('verify');
}

/** A key bound to a certificate, which must be that key's. Whether it is trusted is judged at use. */
function withCertificate(key: RegistrableKey, x5c: JsonValue): RegistrableKey | KeyFlaw {
  try {
    const chain = readX5c(x5c);
    const certified = chain.slice(0, 1).map((der) => readPublicKey(readCertificate(der).publicKey, 'end_entity'));
    if (certified[0]?.n !== key.jwk.n || certified[0]?.e !== key.jwk.e)
      return { member: 'x5c', flaw: 'its x5c certifies another key' };
    return { ...key, x5c: chain.map((der) => der.toString('base64')) };
  } catch (error) {
    if (error instanceof Fault) return { member: 'x5c', flaw: 'x5c is not an array of one to five certificates in base64 DER' };
    if (error instanceof Refusal) return { member: 'x5c', flaw: `its x5c cannot be used: ${error.message}` };
    throw error;
  }
}
