import type { EpochSeconds } from '../../server/core/time.ts';
import {
  contextTag,
  contextTagHolding,
  type DerValue,
  items,
  Members,
  readDer,
  readOid,
  smallInteger,
  TAG,
  wholeOctets,
} from './der.ts';
import { type AuthorityKeyId, type Extensions, readExtensions } from './extensions.ts';
import { type Name, readName } from './name.ts';
import { Refusal } from './refusal.ts';
import { readTime } from './time.ts';

/** Largest certificate that is looked at, in bytes. `PV-SEC-040` */
export const CERTIFICATE_MAX_BYTES = 8 * 1024;

/** Longest serial number, in octets. RFC 5280 §4.1.2.2 */
const SERIAL_MAX_OCTETS = 20;

/** A certificate that can be read; nothing in it is believed yet. Its buffers are parts of `der`. RFC 5280 §4.1 */
export type Certificate = {
  /** Exactly the octets that were read. */
  readonly der: Buffer;
  /** What the signature covers. */
  readonly tbs: Buffer;
  readonly serialNumber: Buffer;
  readonly signatureAlgorithm: Algorithm;
  readonly signature: Buffer;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: EpochSeconds;
  /** The last second of its validity. */
  readonly notAfter: EpochSeconds;
  readonly publicKey: PublicKeyInfo;
  readonly extensions: Extensions;
};

/** An AlgorithmIdentifier; `parameters` is their DER, where present. */
export type Algorithm = { readonly oid: string; readonly parameters?: Buffer };

/** A SubjectPublicKeyInfo; `key` is what its bit string holds. */
export type PublicKeyInfo = { readonly der: Buffer; readonly algorithm: Algorithm; readonly key: Buffer };

/**
 * Reads one certificate strictly: what two readers could understand differently is refused, not repaired.
 * `PV-SEC-039`, `PV-SEC-041`, `PV-SEC-043`
 * @throws {Refusal} naming the rule.
 */
export function readCertificate(der: Uint8Array): Certificate {
  if (der.length > CERTIFICATE_MAX_BYTES) throw new Refusal('der', `${der.length} bytes`);
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  const members = new Members(readDer(bytes));
  const tbs = members.take(TAG.sequence);
  const algorithm = members.take(TAG.sequence);
  const signature = wholeOctets(members.take(TAG.bitString));
  members.end();
  return { der: bytes, tbs: tbs.der, signature, ...readTbs(tbs, algorithm) };
}

/** Whether issuer and subject are the same: such a CA is not counted in a path's length. RFC 5280 §6.1 */
export function isSelfIssued({ issuer, subject }: Certificate): boolean {
  return issuer.der.equals(subject.der);
}

/**
 * Whether an authority key identifier is the issuer's: its key, where both have an identifier, and its issuer and serial number, where
 * they are given. RFC 5280 §4.2.1.1
 */
export function isKeyNamedBy(identifier: AuthorityKeyId | undefined, issuer: Certificate): boolean {
  const { keyId, issuer: issuersIssuer, serialNumber } = identifier ?? {};
  const { subjectKeyId } = issuer.extensions;
  if (keyId && subjectKeyId && !keyId.equals(subjectKeyId)) return false;
  return (issuersIssuer?.equals(issuer.issuer.der) ?? true) && (serialNumber?.equals(issuer.serialNumber) ?? true);
}

/** TBSCertificate, whose own algorithm must be the one outside, byte for byte. */
function readTbs(tbs: DerValue, outer: DerValue): Omit<Certificate, 'der' | 'tbs' | 'signature'> {
  const members = new Members(tbs);
  readVersion(members.takeIf(contextTagHolding(0)));
  const serialNumber = readSerialNumber(members.take(TAG.integer));
  const algorithm = members.take(TAG.sequence);
  if (!algorithm.der.equals(outer.der)) throw new Refusal('algorithms_differ', 'two of them');
  const issuer = readName(members.take(TAG.sequence));
  const validity = new Members(members.take(TAG.sequence));
  const notBefore = readDate(validity);
  const notAfter = readDate(validity);
  validity.end();
  const subject = readName(members.take(TAG.sequence));
  if (issuer.attributes.length === 0 || subject.attributes.length === 0)
    throw new Refusal('empty_name', 'a name without attributes');
  const publicKey = readPublicKeyInfo(members.take(TAG.sequence));
  if (members.takeIf(contextTag(1)) || members.takeIf(contextTag(2))) throw new Refusal('unique_id', 'a unique identifier');
  const extensions = readExtensions(readWrapped(members.takeIf(contextTagHolding(3))));
  members.end();
  return {
    serialNumber,
    signatureAlgorithm: readAlgorithm(algorithm),
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKey,
    extensions,
  };
}

function readVersion(wrapped: DerValue | undefined): void {
  const version = readWrapped(wrapped);
  if (!version || smallInteger(version) !== 2) throw new Refusal('version', version ? 'another version' : 'version 1');
}

/** The one value inside an explicit tag. */
function readWrapped(value: DerValue | undefined): DerValue | undefined {
  if (!value) return undefined;
  const [inner, ...more] = value.children;
  if (!inner || more.length > 0) throw new Refusal('structure', 'a tag that does not hold one value');
  return inner;
}

function readSerialNumber({ content }: DerValue): Buffer {
  const isPositive = content.length > 0 && ((content[0] ?? 0) & 0x80) === 0 && !(content.length === 1 && content[0] === 0);
  if (!isPositive || content.length > SERIAL_MAX_OCTETS) {
    throw new Refusal('serial_number', isPositive ? `${content.length} octets` : 'zero or a negative number');
  }
  return content;
}

function readDate(validity: Members): EpochSeconds {
  return readTime(validity.takeIf(TAG.utcTime) ?? validity.take(TAG.generalizedTime));
}

function readPublicKeyInfo(value: DerValue): PublicKeyInfo {
  const members = new Members(value);
  const algorithm = readAlgorithm(members.take(TAG.sequence));
  const key = wholeOctets(members.take(TAG.bitString));
  members.end();
  return { der: value.der, algorithm, key };
}

/** Reads an AlgorithmIdentifier. @throws {Refusal} structure */
export function readAlgorithm(value: DerValue): Algorithm {
  items(value);
  const members = new Members(value);
  const oid = readOid(members.take(TAG.oid));
  const parameters = members.takeAny();
  members.end();
  return { oid, ...(parameters && { parameters: parameters.der }) };
}
