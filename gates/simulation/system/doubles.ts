import { Fault } from '../../../server/core/fault.ts';
import type {
  Certificates,
  CertificateVerdict,
  Random,
  TokenCounter,
  TokenSigner,
  Verifier,
} from '../../../server/core/ports.ts';
import { CERTIFICATES } from '../world.ts';
import { mark } from './wire.ts';

// What stands at the ports in place of cryptography. The core judges with plain values, and so these are plain values.

export const verifier: Verifier = {
  verify: (alg, { thumbprint }, input, signature) => Buffer.from(signature).toString() === mark(alg, thumbprint, input),
};

/** A token that can be read again: the claims, and the algorithm. */
export const signer: TokenSigner = { sign: async (claims, alg) => JSON.stringify({ alg, claims }) };

/** Knows the certificates of the world by their names. */
export function certificates(isRevoked: (name: string) => boolean): Certificates {
  const judge = async (chain: readonly Uint8Array[], now: number): Promise<CertificateVerdict> => {
    const name = Buffer.from(chain[0] ?? []).toString();
    const known = CERTIFICATES[name];
    if (!known || known.notAfter <= now || isRevoked(name)) throw new Fault('MP-120');
    const { organization, key, amr, notAfter } = known;
    return {
      ...{ organization, amr, notAfter, key: { jwk: { kty: 'RSA', n: key }, thumbprint: key } },
      ...{ fingerprint: name, serial: name, subject: name, anchor: 'simulated', revocation: 'require' },
    };
  };
  return { judge } as Partial<Certificates> as Certificates;
}

/** A port that no rule under test asks anything of: to be asked is a failure. */
export function unasked<Port extends object>(): Port {
  return new Proxy({} as Port, {
    get: (_, member) => {
      if (member === 'then') return undefined;
      throw new Error(`the port's ${String(member)} was asked for`);
    },
  });
}

/** Tokens' ids that come again from the same beginning. */
export function countedRandom(prefix: string): Random {
  let given = 0;
  const next = (length: number) => `${prefix}${++given}`.padEnd(length, '0');
  return { token: () => next(43), traceId: () => next(32), uuid: () => next(36) };
}

/** Counts what is issued and what is refused for want of a delegation, over all workers. */
export function countingInto(counts: Map<string, number>): TokenCounter {
  return {
    issued: () => add(counts, 'issued'),
    undelegated: () => add(counts, 'undelegated'),
    certificateSeen: () => {},
  };
}

export function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
