import { type KeyObject, verify } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { VerificationKey, Verifier } from '../server/core/ports.ts';
import { rsaJwkFlaw } from './key-policy.ts';
import { rsaPublicKey } from './rsa-public-key.ts';

/** The digest of each algorithm, all RSA PKCS #1 v1.5: what is not here verifies nothing. RFC 7518 §3.3, `PV-SEC-010` */
const RSA_DIGESTS: ReadonlyMap<string, string> = new Map([
  ['RS256', 'sha256'],
  ['RS384', 'sha384'],
  ['RS512', 'sha512'],
]);

/** Most keys kept prepared; preparing one costs about as much as two verifications. */
const PREPARED_KEYS = 10_000;

/** A key made ready, or found unusable, once; with the numbers it was made from. */
type PreparedKey = { readonly n: unknown; readonly e: unknown; readonly key?: KeyObject };

/**
 * Verifies the signatures of assertions in line, with node:crypto. The key decides what may be verified with it: an RSA key of
 * the key policy by an RSA algorithm, everything else by none. `PV-SEC-011`, `PV-SEC-013`
 */
export function createVerifier(): Verifier {
  const prepared = new LRUCache<string, PreparedKey>({ max: PREPARED_KEYS });

  /** Two keys under one thumbprint would be a fault of the store: then neither stands in for the other. */
  function keyOf({ jwk, thumbprint }: VerificationKey): KeyObject | undefined {
    const kept = prepared.get(thumbprint);
    if (kept) return kept.n === jwk.n && kept.e === jwk.e ? kept.key : undefined;
    const made = prepare(jwk);
    prepared.set(thumbprint, made);
    return made.key;
  }

  return {
    verify(alg, key, input, signature) {
      const digest = RSA_DIGESTS.get(alg);
      const rsa = digest === undefined ? undefined : keyOf(key);
      return rsa !== undefined && verify(digest, Buffer.from(input, 'latin1'), rsa, signature);
    },
  };
}

/** Only a key without a flaw is handed to OpenSSL: what the policy lets through, it can read. */
function prepare(jwk: VerificationKey['jwk']): PreparedKey {
  const { n, e } = jwk;
  if (rsaJwkFlaw(jwk) !== undefined || typeof n !== 'string' || typeof e !== 'string') return { n, e };
  return { n, e, key: rsaPublicKey(n, e) };
}
