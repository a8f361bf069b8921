import type { EpochSeconds } from '../../server/core/time.ts';
import { type Algorithm, readAlgorithm } from './certificate.ts';
import { contextTagHolding, type DerValue, smallInteger, TAG, wholeOctets } from './der.ts';
import { readScope, type Scope } from './distribution-points.ts';
import { type AuthorityKeyId, listExtensions, toAuthorityKeyId } from './extensions.ts';
import { LongMembers } from './long-der.ts';
import { Refusal } from './refusal.ts';
import { readTime } from './time.ts';

/** Longest number of a list, in octets. RFC 5280 §5.2.3 */
const NUMBER_MAX_OCTETS = 20;

/** A revocation list as far as it stands around its entries; nothing in it is believed yet. RFC 5280 §5.1 */
export type Crl = {
  /** What the signature covers. */
  readonly tbs: Buffer;
  readonly signatureAlgorithm: Algorithm;
  readonly signature: Buffer;
  /** The issuer's name as it is encoded. */
  readonly issuer: Buffer;
  /** It is good from this second until before the other. */
  readonly thisUpdate: EpochSeconds;
  readonly nextUpdate: EpochSeconds;
  /** The encoding of revokedCertificates, still unread: it may hold a million entries. */
  readonly entries?: Buffer;
  /** Its CRL number, unsigned, without leading zeros. */
  readonly number: Buffer;
  readonly authorityKeyId?: AuthorityKeyId;
  readonly scope: Scope;
};

/**
 * Reads a revocation list strictly, all but its entries. `PV-SEC-039`, `PV-SEC-053`
 * @throws {Refusal} naming the rule.
 */
export function readCrl(der: Uint8Array): Crl {
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  const members = LongMembers.of(bytes);
  const tbs = members.take(TAG.sequence);
  const algorithm = members.read(TAG.sequence);
  const signature = wholeOctets(members.read(TAG.bitString));
  members.end();
  return { tbs, signatureAlgorithm: readAlgorithm(algorithm), signature, ...readTbs(tbs, algorithm) };
}

/** TBSCertList, whose own algorithm must be the one outside, byte for byte. */
function readTbs(tbs: Buffer, outer: DerValue): Omit<Crl, 'tbs' | 'signature' | 'signatureAlgorithm'> {
  const members = LongMembers.of(tbs);
  if (!members.isNext(TAG.integer) || smallInteger(members.read(TAG.integer)) !== 1)
    throw new Refusal('crl', 'another version than 2');
  if (!members.read(TAG.sequence).der.equals(outer.der)) throw new Refusal('algorithms_differ', 'two of them');
  const issuer = members.read(TAG.sequence).der;
  const thisUpdate = readDate(members);
  if (!members.isNext(TAG.utcTime) && !members.isNext(TAG.generalizedTime)) throw new Refusal('crl', 'no date of the next list');
  const nextUpdate = readDate(members);
  const entries = members.isNext(TAG.sequence) ? members.take(TAG.sequence) : undefined;
  const extensions = members.isNext(contextTagHolding(0)) ? members.read(contextTagHolding(0)) : undefined;
  members.end();
  return { issuer, thisUpdate, nextUpdate, ...(entries && { entries }), ...readExtensions(extensions) };
}

function readDate(members: LongMembers): EpochSeconds {
  return readTime(members.read(members.isNext(TAG.utcTime) ? TAG.utcTime : TAG.generalizedTime));
}

type Extensions = {
  readonly number?: Buffer;
  readonly authorityKeyId?: AuthorityKeyId;
  readonly scope?: Scope;
  readonly isDelta?: true;
};

/** RFC 5280 §5.2 */
const READERS: ReadonlyMap<string, (value: DerValue) => Extensions> = new Map<string, (value: DerValue) => Extensions>([
  ['2.5.29.20', (value) => ({ number: readNumber(value) })],
  ['2.5.29.27', () => ({ isDelta: true })],
  ['2.5.29.28', (value) => ({ scope: readScope(value) })],
  ['2.5.29.35', (value) => ({ authorityKeyId: toAuthorityKeyId(value) })],
]);

/** Its number and its issuer's key identifier. RFC 5280 §5.2.1 and §5.2.3 */
const NEVER_CRITICAL: ReadonlySet<string> = new Set(['2.5.29.20', '2.5.29.35']);

function readExtensions(wrapped: DerValue | undefined): Pick<Crl, 'number' | 'authorityKeyId' | 'scope'> {
  const [list, ...more] = wrapped?.children ?? [];
  if (more.length > 0) throw new Refusal('structure', 'a tag that does not hold one value');
  let extensions: Extensions = {};
  for (const { oid, critical, value } of list ? listExtensions(list) : []) {
    const read = READERS.get(oid);
    if (critical && NEVER_CRITICAL.has(oid)) throw new Refusal('extension', `${oid} marked critical`);
    if (read && value) extensions = { ...extensions, ...read(value) };
    else if (critical) throw new Refusal('critical_extension', oid);
  }
  const { number, authorityKeyId, scope = { isPartial: false }, isDelta = false } = extensions;
  if (!number) throw new Refusal('crl', 'no number');
  return { number, ...(authorityKeyId && { authorityKeyId }), scope: { ...scope, isPartial: scope.isPartial || isDelta } };
}

/** Zero or above, of at most 20 octets. RFC 5280 §5.2.3 */
function readNumber({ tag, content }: DerValue): Buffer {
  const unsigned = content[0] === 0 ? content.subarray(1) : content;
  if (tag !== TAG.integer || (content[0] ?? 0) & 0x80 || unsigned.length > NUMBER_MAX_OCTETS)
    throw new Refusal('crl', 'no number from zero on');
  return unsigned;
}
