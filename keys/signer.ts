import { constants, type KeyObject, sign } from 'node:crypto';
import type { Signer } from '../server/core/ports.ts';
import { CONTRACT_ALGORITHM, type SigningAlgorithm } from '../server/core/signing-algorithm.ts';

/** How node:crypto makes each signature. RFC 7518 §3.3 to §3.5, RFC 8037 §3.1 */
const MAKERS: Readonly<Record<SigningAlgorithm, (input: Uint8Array, key: KeyObject) => Buffer>> = {
  RS256: (input, key) => sign('sha256', input, key),
  PS256: (input, key) => sign('sha256', input, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  ES256: (input, key) => sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }),
  EdDSA: (input, key) => sign(null, input, key),
};

/** The signature of a key over an input. RFC 7515 §5.1 */
export function makeSignature(alg: SigningAlgorithm, input: Uint8Array, key: KeyObject): Buffer {
  return MAKERS[alg](input, key);
}

/**
 * A Signer over one key. Key object and protected header, exactly `kid` and `alg`, are prepared once; the signature is made in line,
 * because handing it to the thread pool costs more than it saves where each core has its own worker. Contract §2.2
 */
export function createSigner(kid: string, privateKey: KeyObject, alg: SigningAlgorithm = CONTRACT_ALGORITHM): Signer {
  const header = base64url(JSON.stringify({ kid, alg }));
  const make = MAKERS[alg];
  return {
    sign: async (claims) => {
      const input = `${header}.${base64url(JSON.stringify(claims))}`;
      return `${input}.${make(Buffer.from(input, 'latin1'), privateKey).toString('base64url')}`;
    },
  };
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
