import { createHash, createPrivateKey, generateKeyPair, type JsonWebKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const EXPONENT = 65_537n;

/** Octets of a prime of RSA-2048. */
const PRIME = 128;

/** The public numbers of a key. */
export type PublicKey = {
  readonly jwk: { readonly kty: 'RSA'; readonly n: string; readonly e: 'AQAB' };
  readonly thumbprint: string;
};

/**
 * A million distinct RSA-2048 keys in a minute: every pair of a pool of primes is a key. Whoever holds two of them can take them
 * apart by their common divisor, so they are good for measuring and for nothing else; a server that looks at one of them
 * has the work of any other key.
 */
export class KeyPool {
  readonly #primes: readonly bigint[];

  private constructor(primes: readonly bigint[]) {
    this.#primes = primes;
  }

  /** Makes a pool for so many keys. */
  static async make(keys: number): Promise<KeyPool> {
    // So many that their pairs are enough.
    const needed = Math.ceil((1 + Math.sqrt(1 + 8 * keys)) / 2);
    const primes: bigint[] = [];
    const more = async (): Promise<void> => {
      while (primes.length < needed) primes.push(...(await twoPrimes()));
    };
    await Promise.all(Array.from({ length: 4 }, more));
    return new KeyPool(primes);
  }

  /** The public key of that number, always the same. */
  publicKey(number: number): PublicKey {
    const [p, q] = this.#pair(number);
    const n = base64url(p * q, 2 * PRIME);
    // RFC 7638 §3.2
    const thumbprint = createHash('sha256').update(`{"e":"AQAB","kty":"RSA","n":"${n}"}`).digest('base64url');
    return { jwk: { kty: 'RSA', n, e: 'AQAB' }, thumbprint };
  }

  /** Its private key. RFC 7518 §6.3.2 */
  privateKey(number: number): KeyObject {
    const [p, q] = this.#pair(number);
    const d = inverseOfExponent((p - 1n) * (q - 1n));
    const jwk: JsonWebKey = {
      ...this.publicKey(number).jwk,
      d: base64url(d, 2 * PRIME),
      p: base64url(p, PRIME),
      q: base64url(q, PRIME),
      dp: base64url(d % (p - 1n), PRIME),
      dq: base64url(d % (q - 1n), PRIME),
      qi: base64url(inverse(q, p), PRIME),
    };
    return createPrivateKey({ key: jwk, format: 'jwk' });
  }

  /** Number n is the pair (row, column) of a triangle: row 1 has one, row 2 has two. */
  #pair(number: number): [p: bigint, q: bigint] {
    const row = Math.floor((1 + Math.sqrt(1 + 8 * number)) / 2);
    const column = number - (row * (row - 1)) / 2;
    const [p, q] = [this.#primes[row], this.#primes[column]];
    if (p === undefined || q === undefined) throw new RangeError(`the pool has no key ${number}`);
    return [p, q];
  }
}

async function twoPrimes(): Promise<[bigint, bigint]> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 16 * PRIME });
  const { p = '', q = '' } = privateKey.export({ format: 'jwk' });
  const read = (text: string): bigint => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`);
  return [read(p), read(q)];
}

function base64url(number: bigint, octets: number): string {
  return Buffer.from(number.toString(16).padStart(2 * octets, '0'), 'hex').toString('base64url');
}

/** The exponent is a small prime, so that a short search replaces Euclid: d = (1 + k·m) / e for the k that makes it whole. */
function inverseOfExponent(modulus: bigint): bigint {
  const k = EXPONENT - inverse(modulus % EXPONENT, EXPONENT);
  return (1n + k * modulus) / EXPONENT;
}

/** By Euclid; the numbers have no common divisor. */
function inverse(number: bigint, modulus: bigint): bigint {
  let [a, b] = [number % modulus, modulus];
  let [x, y] = [1n, 0n];
  while (b > 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return ((x % modulus) + modulus) % modulus;
}
