import { createHash } from 'node:crypto';
import type { EpochSeconds } from '../../server/core/time.ts';
import { type Certificate, isKeyNamedBy, readAlgorithm, readCertificate } from './certificate.ts';
import { assertAlgorithmsAreOn } from './chain.ts';
import { contextTag, contextTagHolding, type DerValue, items, Members, readDer, readOid, TAG, wholeOctets } from './der.ts';
import { listExtensions } from './extensions.ts';
import { readPublicKey } from './public-key.ts';
import { Refusal } from './refusal.ts';
import { isSignedBy, type Signed } from './signature.ts';
import { readTime } from './time.ts';

/** Largest answer that is looked at, in bytes: a signature or two, and a certificate. */
export const ANSWER_MAX_BYTES = 32 * 1024;

/** What a responder may say of one certificate, and when it says it. */
export type CertificateStatus = {
  readonly isRevoked: boolean;
  /** It is good from this second until before the other. */
  readonly thisUpdate: EpochSeconds;
  readonly nextUpdate: EpochSeconds;
};

const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1';
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';
const SHA256 = '2.16.840.1.101.3.4.2.1';

/** Whom a responder is asked about. */
export type Question = {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  /** Whether whoever answers for the issuer may hold an Ed25519 key. `PV-SEC-042` */
  readonly ed25519?: boolean;
};

/**
 * Reads and verifies the answer of a responder about a certificate, held to that certificate and its issuer. RFC 6960 §3.2 and
 * §4.2, `PV-SEC-055`
 * @returns of several statuses the one that says revoked.
 * @throws {Refusal} ocsp, der, structure, time, signature_algorithm and others; for an answer `unknown`, too
 */
export function readStatus(
  answer: Uint8Array,
  { certificate, issuer, ed25519 = false }: Question,
  now: EpochSeconds,
): CertificateStatus {
  if (answer.length > ANSWER_MAX_BYTES) throw new Refusal('ocsp', `${answer.length} bytes`);
  const { data, signed, certificates } = readBasicResponse(readDer(Buffer.from(answer)));
  const response = readResponseData(data);
  const signer = signerOf(response.responder, { issuer, ed25519, certificates, now });
  if (!isSignedBy(signed, signer)) throw new Refusal('ocsp', 'a wrong signature');
  if (response.producedAt > now) throw new Refusal('ocsp', 'an answer from the future');
  const statuses = response.statuses.filter(({ id }) => isAbout(id, certificate, issuer)).map((status) => read(status, now));
  const status = statuses.find(({ isRevoked }) => isRevoked) ?? statuses[0];
  if (!status) throw new Refusal('ocsp', 'nothing about this certificate');
  return status;
}

/** The CertID by which a certificate is asked for. SHA-256 as its hash: RFC 6960 §4.1.1, `PV-SEC-042` */
export function certificateId({ serialNumber }: Certificate, issuer: Certificate): Buffer {
  const digest = (octets: Buffer) => encode(TAG.octetString, createHash('sha256').update(octets).digest());
  return encode(
    TAG.sequence,
    HASH_ALGORITHM,
    digest(issuer.subject.der),
    digest(issuer.publicKey.key),
    encode(TAG.integer, serialNumber),
  );
}

/** Whether a CertID is the one that was asked for; some responders add the NULL to its algorithm. */
function isAbout(id: DerValue, certificate: Certificate, issuer: Certificate): boolean {
  const [algorithm, ...own] = items(id);
  const [, ...asked] = readDer(certificateId(certificate, issuer)).children;
  const isSha256 = algorithm !== undefined && readAlgorithm(algorithm).oid === SHA256;
  return isSha256 && own.length === asked.length && own.every(({ der }, place) => asked[place]?.der.equals(der));
}

/** An OCSPRequest about one certificate, without a nonce. RFC 6960 §4.1 */
export function statusRequest(certificate: Certificate, issuer: Certificate): Buffer {
  const wrap = (inner: Buffer) => encode(TAG.sequence, inner);
  return wrap(wrap(wrap(wrap(certificateId(certificate, issuer)))));
}

/** The AlgorithmIdentifier of SHA-256, its parameters absent. RFC 5754 §2 */
const HASH_ALGORITHM = Buffer.from('300b0609608648016503040201', 'hex');

/** A value of less than 65536 octets. */
function encode(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...header]), body]);
}

type BasicResponse = { readonly data: DerValue; readonly signed: Signed; readonly certificates: readonly DerValue[] };

function readBasicResponse(value: DerValue): BasicResponse {
  const outer = new Members(value);
  const [status] = outer.take(TAG.enumerated).content;
  if (status !== 0) throw new Refusal('ocsp', `response status ${status}`);
  const bytes = new Members(wrapped(outer.take(contextTagHolding(0))));
  outer.end();
  if (readOid(bytes.take(TAG.oid)) !== BASIC_RESPONSE) throw new Refusal('ocsp', 'a response of another type');
  const basic = new Members(readDer(bytes.take(TAG.octetString).content));
  bytes.end();
  const data = basic.take(TAG.sequence);
  const signatureAlgorithm = readAlgorithm(basic.take(TAG.sequence));
  const signature = wholeOctets(basic.take(TAG.bitString));
  const certificates = basic.takeIf(contextTagHolding(0));
  basic.end();
  return {
    data,
    signed: { tbs: data.der, signatureAlgorithm, signature },
    certificates: certificates ? items(wrapped(certificates)) : [],
  };
}

type ResponseData = {
  readonly responder: DerValue;
  readonly producedAt: EpochSeconds;
  readonly statuses: readonly SingleResponse[];
};

type SingleResponse = { readonly id: DerValue; readonly status: DerValue; readonly rest: Members };

function readResponseData(value: DerValue): ResponseData {
  const members = new Members(value);
  if (members.takeIf(contextTagHolding(0))) throw new Refusal('ocsp', 'another version than 1');
  const responder = members.takeAny();
  if (!responder) throw new Refusal('structure', 'no responder');
  const producedAt = readTime(members.take(TAG.generalizedTime));
  const statuses = items(members.take(TAG.sequence)).map(readSingleResponse);
  assertUnderstood(members.takeIf(contextTagHolding(1)));
  members.end();
  return { responder, producedAt, statuses };
}

function readSingleResponse(value: DerValue): SingleResponse {
  const rest = new Members(value);
  const id = rest.take(TAG.sequence);
  const status = rest.takeAny();
  if (!status) throw new Refusal('structure', 'no status');
  return { id, status, rest };
}

/** Both dates are asked for, and the end is the first second at which the answer is not good. `unknown` is not good. */
function read({ status, rest }: SingleResponse, now: EpochSeconds): CertificateStatus {
  const thisUpdate = readTime(rest.take(TAG.generalizedTime));
  const next = rest.takeIf(contextTagHolding(0));
  assertUnderstood(rest.takeIf(contextTagHolding(1)));
  rest.end();
  if (!next) throw new Refusal('ocsp', 'no date of the next answer');
  const nextUpdate = readTime(wrapped(next));
  if (now < thisUpdate || now >= nextUpdate) throw new Refusal('ocsp', 'an answer that is not fresh');
  const isGood = status.tag === contextTag(0) && status.content.length === 0;
  const isRevoked = status.tag === contextTagHolding(1);
  if (!isGood && !isRevoked) throw new Refusal('ocsp', 'an answer that is neither good nor revoked');
  return { isRevoked, thisUpdate, nextUpdate };
}

function assertUnderstood(wrappedList: DerValue | undefined): void {
  for (const { oid, critical } of wrappedList ? listExtensions(wrapped(wrappedList)) : [])
    if (critical) throw new Refusal('critical_extension', oid);
}

/** The one value inside an explicit tag. */
function wrapped(value: DerValue): DerValue {
  const [inner, ...more] = value.children;
  if (!inner || more.length > 0) throw new Refusal('structure', 'a tag that does not hold one value');
  return inner;
}

/** The issuer itself, or a certificate that it issued directly for this purpose and that is valid now. RFC 6960 §4.2.2.2 */
function signerOf(
  responder: DerValue,
  { certificates, ...judging }: Omit<Question, 'certificate'> & { certificates: readonly DerValue[]; now: EpochSeconds },
): Certificate {
  const { issuer } = judging;
  if (isNamed(responder, issuer)) return issuer;
  const delegate = certificates.map(({ der }) => readCertificate(der)).find((candidate) => isNamed(responder, candidate));
  if (!delegate) throw new Refusal('ocsp', 'a signer that is not there');
  assertDelegated(delegate, judging);
  return delegate;
}

function isNamed({ tag, children, content }: DerValue, { subject, publicKey }: Certificate): boolean {
  if (tag === contextTagHolding(1)) return children[0]?.der.equals(subject.der) ?? false;
  const [keyHash] = children;
  const isByKey = tag === contextTagHolding(2) && keyHash?.tag === TAG.octetString && content.length > 0;
  // RFC 6960 §4.2.1 finds the key by SHA-1: it is a name here, and nothing is believed for it.
  return isByKey && keyHash.content.equals(createHash('sha1').update(publicKey.key).digest());
}

function assertDelegated(
  delegate: Certificate,
  { issuer, ed25519 = false, now }: Omit<Question, 'certificate'> & { now: EpochSeconds },
): void {
  const { extendedKeyUsage, keyUsage, unknownCritical, authorityKeyId } = delegate.extensions;
  const isLinked = delegate.issuer.der.equals(issuer.subject.der) && isKeyNamedBy(authorityKeyId, issuer);
  if (!isLinked || !isSignedBy(delegate, issuer)) throw new Refusal('ocsp', 'a signer that the issuer did not issue');
  if (!extendedKeyUsage?.includes(OCSP_SIGNING)) throw new Refusal('ocsp', 'a signer that may not answer');
  if (keyUsage && !keyUsage.includes('digitalSignature')) throw new Refusal('ocsp', 'a signer whose key may not sign');
  if (unknownCritical.length > 0) throw new Refusal('critical_extension', unknownCritical[0] ?? '');
  if (now < delegate.notBefore || now > delegate.notAfter) throw new Refusal('ocsp', 'a signer that is not valid now');
  assertAlgorithmsAreOn(delegate, ed25519);
  readPublicKey(delegate.publicKey, 'end_entity');
}
