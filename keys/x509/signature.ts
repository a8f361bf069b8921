import { constants, verify } from 'node:crypto';
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
  const { digest, key: type, saltLength } = algorithmOf(signed);
  const key = issuerKey(issuer);
  const how = saltLength === undefined ? key : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  return key.asymmetricKeyType === type && verify(digest, signed.tbs, how, signed.signature);
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

/** What a signature algorithm is made of. */
type SignatureAlgorithm = {
  readonly digest: string | null;
  readonly key: 'rsa' | 'ec' | 'ed25519';
  /** Of RSA-PSS, in octets. */
  readonly saltLength?: number;
};

/** RFC 4055 §5, RFC 5758 §3.2, RFC 8410 §3, `PV-SEC-042`. Their parameters are absent; for RSA they are NULL, or absent all the same. */
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
  if (oid === RSA_PSS) return pssAlgorithm(parameters);
  const algorithm = SIGNATURE_ALGORITHMS.get(oid);
  const isWellFormed = parameters === undefined || (algorithm?.key === 'rsa' && parameters.equals(NULL));
  if (!algorithm || !isWellFormed) throw new Refusal('signature_algorithm', oid);
  return algorithm;
}

/** Danish and German authorities sign with it. RFC 4055 §3.1 */
const RSA_PSS = '1.2.840.113549.1.1.10';

/** The one mask that there is, and the digests: object identifiers as they are encoded. RFC 4055 §2.1 and §2.2 */
const MGF1 = '06092a864886f70d010108';
const PSS_DIGESTS = [
  { digest: 'sha256', encoded: '0609608648016503040201', saltLength: 32 },
  { digest: 'sha384', encoded: '0609608648016503040202', saltLength: 48 },
  { digest: 'sha512', encoded: '0609608648016503040203', saltLength: 64 },
];

/** The parameters that count, by their encoding: one digest for message and mask, a salt as long as it, and the usual trailer. */
const PSS_ALGORITHMS: ReadonlyMap<string, SignatureAlgorithm> = new Map(
  PSS_DIGESTS.flatMap(({ digest, encoded, saltLength }) =>
    ['', '0500'].flatMap((outer) =>
      ['', '0500'].map((inner): [string, SignatureAlgorithm] => {
        const mask = wrap('30', MGF1 + wrap('30', encoded + inner));
        const salt = wrap('a2', wrap('02', saltLength.toString(16)));
        return [
          wrap('30', wrap('a0', wrap('30', encoded + outer)) + wrap('a1', mask) + salt),
          { digest, key: 'rsa', saltLength },
        ];
      }),
    ),
  ),
);

/** A value of less than 128 octets, in hexadecimal. */
function wrap(tag: string, content: string): string {
  return `${tag}${(content.length / 2).toString(16).padStart(2, '0')}${content}`;
}

function pssAlgorithm(parameters: Buffer | undefined): SignatureAlgorithm {
  const algorithm = PSS_ALGORITHMS.get(parameters?.toString('hex') ?? '');
  if (!algorithm) throw new Refusal('signature_algorithm', 'RSA-PSS with other parameters');
  return algorithm;
}
