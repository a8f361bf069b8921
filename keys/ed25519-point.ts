/** The field of the curve −x² + y² = 1 + dx²y², and its d. RFC 8032 §5.1 */
const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

const OCTETS = 32;

/**
 * What is wrong with an Ed25519 public key. OpenSSL takes any 32 octets for one, and a point of small order verifies signatures that
 * nobody made. RFC 8032 §5.1.3, `PV-SEC-013`
 * @returns a reason, or undefined when nothing is.
 */
export function ed25519Flaw(key: Uint8Array): string | undefined {
  if (key.length !== OCTETS) return `an Ed25519 key of ${key.length} octets`;
  const littleEndian = BigInt(`0x${Buffer.from(key).reverse().toString('hex')}`);
  const y = BigInt.asUintN(255, littleEndian);
  if (y >= P) return 'an Ed25519 point that is not written in the one way';
  const y2 = (y * y) % P;
  if (y === 0n || y2 === 1n || (D * y2 * y2 + 2n * y2 - 1n) % P === 0n) return 'an Ed25519 point of small order';
  return isSquare((y2 - 1n) * (D * y2 + 1n)) ? undefined : 'an Ed25519 point that is not on the curve';
}

/** Whether x² = (y² − 1) ∕ (dy² + 1) has a root; a quotient is a square where the product is. Euler's criterion */
function isSquare(value: bigint): boolean {
  let power = 1n;
  let base = value % P;
  for (let exponent = (P - 1n) / 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) power = (power * base) % P;
    base = (base * base) % P;
  }
  return power === 1n;
}
