/**
 * What is publicly known to be wrong with an RSA modulus.
 * @returns a reason, or undefined: a factor below 752 (NIST SP 800-89 §5.3.3), or the fingerprint of the ROCA keys
 * (CVE-2017-15361), whose factors can be computed. `PV-SEC-013`
 */
export function weakness(modulus: bigint): string | undefined {
  let isFingerprint = true;
  for (const { product, primes } of GROUPS) {
    const remainder = Number(modulus % product);
    for (const { prime, powers } of primes) {
      if (remainder % prime === 0) return 'a modulus with a small factor';
      isFingerprint &&= powers?.has(remainder % prime) ?? true;
    }
  }
  return isFingerprint ? 'a modulus with the ROCA weakness' : undefined;
}

/** No acceptable modulus has a factor below this. */
const SMALL_FACTOR_LIMIT = 752;

/** The flawed generator built the factors of a modulus of 1984 bits and more on the product of the primes up to this one. */
const ROCA_LARGEST_PRIME = 701;

type SmallPrime = {
  readonly prime: number;
  /** The powers of 65537 modulo the prime: every remainder that a ROCA modulus can leave. */
  readonly powers?: ReadonlySet<number>;
};

/** Primes whose product is exact as a number, so that one division of a bigint serves them all. */
type Group = { readonly product: bigint; readonly primes: readonly SmallPrime[] };

const GROUPS: readonly Group[] = groups(primesBelow(SMALL_FACTOR_LIMIT)).map((primes) => ({
  product: BigInt(product(primes)),
  primes: primes.map((prime) => ({ prime, ...(prime <= ROCA_LARGEST_PRIME && { powers: powersOf65537(prime) }) })),
}));

function primesBelow(limit: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; candidate < limit; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

function groups(primes: readonly number[]): number[][] {
  const all: number[][] = [[]];
  for (const prime of primes) {
    const last = all.at(-1) ?? [];
    if (product(last) * prime < Number.MAX_SAFE_INTEGER) last.push(prime);
    else all.push([prime]);
  }
  return all;
}

function product(primes: readonly number[]): number {
  return primes.reduce((total, prime) => total * prime, 1);
}

function powersOf65537(prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65537) % prime) powers.add(power);
  return powers;
}
