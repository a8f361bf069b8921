import { verify } from 'node:crypto';
import type { Algorithm, Certificate } from './certificate.ts';
import { TAG } from './der.ts';
import { EC_PUBLIC_KEY, ED25519, issuerKey } from './public-key.ts';
import { Refusal } from './refusal.ts';

/** Something that an authority signs: a certificate, a revocation list, an answer about one certificate. */
export type Signed = {
  /** The exact octets that the signature covers. */
  readonly tbs: Buffer;
  readonly signatureAlgorithm: Algorithm;
  readonly signature: Buffer;
};

/** Holds the algorithm to those that are safe. `PV-SEC-042` @throws {Refusal} signature_algorithm */
export function assertSignatureAlgorithm(signed: Signed): void {
  algorithmOf(signed);
}

/** Whether the issuer's key made the signature, over exactly the octets that were read. @throws {Refusal} signature_algorithm, key_policy */
export function isSignedBy(signed: Signed, issuer: Certificate): boolean {
  const { digest, key } = algorithmOf(signed);
  const publicKey = issuerKey(issuer);
  return publicKey.asymmetricKeyType === key && verify(digest, signed.tbs, publicKey, signed.signature);
}

/** Whether an issuer's key made a certificate's signature. @throws {Refusal} signature_algorithm, key_policy */
export type SignatureJudge = (certificate: Certificate, issuer: Certificate) => boolean;

/**
 * A judge of signatures that looks at each certificate and key once, and at no more than an allowance: for certificates of which none
 * is our own, as many as there may be.
 * @param allowance in verifications with a P-256 key.
 * @throws {Refusal} effort, once it is spent
 */
export function sparingJudge(allowance: number): SignatureJudge {
  const known = new Map<Certificate, Map<string, boolean>>();
  let left = allowance;
  return (certificate, issuer) => {
    const answers = known.get(certificate) ?? new Map<string, boolean>();
    known.set(certificate, answers);
    const key = issuer.publicKey.der.toString('latin1');
    const kept = answers.get(key);
    if (kept !== undefined) return kept;
    left -= costOf(issuer);
    if (left < 0) throw new Refusal('effort', `more than ${allowance}`);
    const answer = isSignedBy(certificate, issuer);
    answers.set(key, answer);
    return answer;
  };
}

/** A verification with P-384 takes ten times as long as one with P-256, which takes as long as one with RSA of 4096 bits; as measured. */
function costOf({ publicKey: { algorithm, key } }: Certificate): number {
  const octets = key.length;
  if (algorithm.oid === EC_PUBLIC_KEY) return octets > P256_POINT ? 10 : 1;
  return octets > RSA_4096 ? 4 : 1;
}

const P256_POINT = 65;
/** The octets of such a key, with some room around its numbers. */
const RSA_4096 = 560;

/** What a signature algorithm is made of. Its parameters are absent; for RSA they are NULL, or absent all the same. */
type SignatureAlgorithm = { readonly digest: string | null; readonly key: 'rsa' | 'ec' | 'ed25519' };

/** RFC 4055 §5, RFC 5758 §3.2, RFC 8410 §3, `PV-SEC-042` */
const SIGNATURE_ALGORITHMS: ReadonlyMap<string, SignatureAlgorithm> = new Map<string, SignatureAlgorithm>([
  ['1.2.840.113549.1.1.11', { digest: 'sha256', key: 'rsa' }],
  ['1.2.840.113549.1.1.12', { digest: 'sha384', key: 'rsa' }],
  ['1.2.840.113549.1.1.13', { digest: 'sha512', key: 'rsa' }],
  ['1.2.840.10045.4.3.2', { digest: 'sha256', key: 'ec' }],
  ['1.2.840.10045.4.3.3', { digest: 'sha384', key: 'ec' }],
  [ED25519, { digest: null, key: 'ed25519' }],
]);

const NULL = Buffer.from([TAG.null, 0]);

function algorithmOf({ signatureAlgorithm: { oid, parameters } }: Signed): SignatureAlgorithm {
  const algorithm = SIGNATURE_ALGORITHMS.get(oid);
  const isWellFormed = parameters === undefined || (algorithm?.key === 'rsa' && parameters.equals(NULL));
  if (!algorithm || !isWellFormed) throw new Refusal('signature_algorithm', oid);
  return algorithm;
}
