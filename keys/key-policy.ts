import type { PublicJwk } from '../server/core/client.ts';
import { decodeBase64url } from '../server/core/strict-json.ts';
import { weakness } from './weak-modulus.ts';

/** Whether a key signs for itself (a registered key, a leaf) or issues certificates. */
export type KeyHolder = 'end_entity' | 'ca';

/** Sizes of an RSA modulus, in bits. `PV-SEC-013`, contract §1.6 */
const RSA_MIN_BITS = 2048;
const RSA_MAX_BITS: Readonly<Record<KeyHolder, number>> = { end_entity: 4096, ca: 8192 };

/** Smallest public exponent; with 1 anybody can sign, and with 3 careless padding checks have let anybody sign. `PV-SEC-013` */
const RSA_MIN_EXPONENT = 65537n;

/** Largest public exponent, in octets: OpenSSL works with no larger one on a large modulus, and it bounds the time. */
const RSA_MAX_EXPONENT_OCTETS = 8;

/** The named curves of EC keys: JWK name and octets of a coordinate, by object identifier. `PV-SEC-013`, RFC 5480 §2.1.1.1 */
export const CURVES: ReadonlyMap<string, { readonly crv: string; readonly octets: number }> = new Map([
  ['1.2.840.10045.3.1.7', { crv: 'P-256', octets: 32 }],
  ['1.3.132.0.34', { crv: 'P-384', octets: 48 }],
]);

/**
 * What is wrong with an RSA public key, judged from its numbers alone, before any library works with them. `PV-SEC-013`
 * @param key modulus and exponent as unsigned octets without leading zeros.
 * @returns a reason, or undefined when nothing is.
 */
export function rsaFlaw(key: { readonly n: Buffer; readonly e: Buffer }, holder: KeyHolder): string | undefined {
  const [first = 0] = key.n;
  const bits = key.n.length * 8 - (Math.clz32(first) - 24);
  if (bits < RSA_MIN_BITS) return `an RSA key of ${bits} bits, at least ${RSA_MIN_BITS}`;
  if (bits > RSA_MAX_BITS[holder]) return `an RSA key of ${bits} bits, at most ${RSA_MAX_BITS[holder]}`;
  if (key.e.length > RSA_MAX_EXPONENT_OCTETS) return 'an RSA exponent that is too large';
  const exponent = unsigned(key.e);
  if (exponent < RSA_MIN_EXPONENT || exponent % 2n === 0n) return `an RSA exponent that is even or below ${RSA_MIN_EXPONENT}`;
  const modulus = unsigned(key.n);
  return modulus % 2n === 0n ? 'an even RSA modulus' : weakness(modulus);
}

/**
 * What is wrong with a public RSA key in JWK form: its encoding (RFC 7518 §6.3.1) or its numbers.
 * @returns a reason, or undefined when nothing is.
 */
export function rsaJwkFlaw(jwk: PublicJwk): string | undefined {
  if (jwk.kty !== 'RSA') return 'a key that is not RSA';
  const n = unsignedOctets(jwk.n);
  const e = unsignedOctets(jwk.e);
  if (!n || !e) return 'n or e that is not canonical base64url of an unsigned number';
  return rsaFlaw({ n, e }, 'end_entity');
}

function unsignedOctets(member: unknown): Buffer | undefined {
  const octets = typeof member === 'string' ? decodeBase64url(member) : undefined;
  return octets?.[0] === 0 ? undefined : octets;
}

function unsigned(octets: Buffer): bigint {
  return BigInt(`0x${octets.toString('hex') || '0'}`);
}
