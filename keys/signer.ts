import { type KeyObject, sign } from 'node:crypto';
import type { Signer } from '../server/core/ports.ts';

/** The algorithm of the server's own signatures. Contract §2.2 */
export const SIGNING_ALGORITHM = 'RS256';

/**
 * A Signer over one RSA key. Key object and protected header, exactly `kid` and `alg`, are prepared once; the signature is made
 * in line, because handing it to the thread pool costs more than it saves where each core has its own worker. Contract §2.2
 */
export function createSigner(kid: string, privateKey: KeyObject): Signer {
  const header = base64url(JSON.stringify({ kid, alg: SIGNING_ALGORITHM }));
  return {
    sign: async (claims) => {
      const input = `${header}.${base64url(JSON.stringify(claims))}`;
      return `${input}.${sign('sha256', Buffer.from(input, 'latin1'), privateKey).toString('base64url')}`;
    },
  };
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
