import { contextTag, contextTagHolding, type DerValue, items, Members, readDer, readOid, smallInteger, TAG } from './der.ts';
import { listDistributionPoints } from './distribution-points.ts';
import { type QualifiedStatements, readQualifiedStatements } from './qualified-statements.ts';
import { Refusal } from './refusal.ts';

/** What the extensions of a certificate say, as far as they are understood here. RFC 5280 §4.2 */
export type Extensions = {
  /** The certified key may verify certificates. §4.2.1.9 */
  readonly isCa: boolean;
  /** How many CAs may stand below, self-issued ones not counted. */
  readonly pathLength?: number;
  /** Undefined: not restricted. §4.2.1.3 */
  readonly keyUsage?: readonly KeyUsage[];
  /** Object identifiers; undefined: not restricted. §4.2.1.12 */
  readonly extendedKeyUsage?: readonly string[];
  readonly subjectKeyId?: Buffer;
  readonly authorityKeyId?: AuthorityKeyId;
  /** Object identifiers. §4.2.1.4 */
  readonly policies?: readonly string[];
  /** ETSI EN 319 412-5; undefined: no statements. */
  readonly statements?: QualifiedStatements;
  /** Where lists of what the issuer has revoked are found, as encoded names. §4.2.1.13 */
  readonly distributionPoints: readonly Buffer[];
  /** Object identifiers of extensions whose meaning refuses the path, critical or not. `PV-SEC-046` */
  readonly constraints: readonly string[];
  /** Object identifiers of critical extensions that are not understood. `PV-SEC-043` */
  readonly unknownCritical: readonly string[];
};

/** In the order of their bits. RFC 5280 §4.2.1.3 */
const KEY_USAGES = [
  'digitalSignature',
  'contentCommitment',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

export type KeyUsage = (typeof KEY_USAGES)[number];

/** How a certificate names its issuer's key, each part where present. RFC 5280 §4.2.1.1 */
export type AuthorityKeyId = {
  readonly keyId?: Buffer;
  /** DER of the name of the issuer's issuer, and the issuer's serial number. */
  readonly issuer?: Buffer;
  readonly serialNumber?: Buffer;
};

/** Marked critical, every statement in it would have to be understood. RFC 3739 §3.2.6 */
const QC_STATEMENTS = '1.3.6.1.5.5.7.1.3';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Reader = (value: DerValue, into: Mutable<Extensions>) => void;

/** Those that are understood; all of them are read strictly, critical or not. */
const READERS: ReadonlyMap<string, Reader> = new Map([
  ['2.5.29.14', readSubjectKeyId],
  ['2.5.29.15', readKeyUsage],
  ['2.5.29.19', readBasicConstraints],
  ['2.5.29.31', readDistributionPoints],
  ['2.5.29.32', readPolicies],
  ['2.5.29.35', readAuthorityKeyId],
  ['2.5.29.37', readExtendedKeyUsage],
  [QC_STATEMENTS, readStatements],
]);

/** RFC 5280 §4.2.1.1 and §4.2.1.2: issuers must not mark these critical. */
const NEVER_CRITICAL: ReadonlySet<string> = new Set(['2.5.29.14', '2.5.29.35']);

/** Name constraints, policy mappings, policy constraints, inhibit any-policy. */
const CONSTRAINTS: ReadonlySet<string> = new Set(['2.5.29.30', '2.5.29.33', '2.5.29.36', '2.5.29.54']);

/** The arcs of X.509's own extensions and of PKIX, whose values are DER for certain. */
const STANDARD_ARC = /^(?:2\.5\.29|1\.3\.6\.1\.5\.5\.7\.1)\.\d+$/;

/**
 * Reads the extensions of a certificate.
 * @param value the SEQUENCE OF Extension, undefined when the certificate has none.
 * @throws {Refusal} extension, extension_twice, der or structure
 */
export function readExtensions(value: DerValue | undefined): Extensions {
  const constraints: string[] = [];
  const unknownCritical: string[] = [];
  const extensions: Mutable<Extensions> = { isCa: false, distributionPoints: [], constraints, unknownCritical };
  for (const { oid, critical, value: inner } of value ? listExtensions(value) : []) {
    const read = READERS.get(oid);
    if (read && inner) read(inner, extensions);
    else if (CONSTRAINTS.has(oid)) constraints.push(oid);
    else if (critical) unknownCritical.push(oid);
    if (critical && oid === QC_STATEMENTS) unknownCritical.push(oid);
    if (critical && NEVER_CRITICAL.has(oid)) throw new Refusal('extension', `${oid} marked critical`);
  }
  return extensions;
}

/** An extension as it stands in a certificate, a revocation list, or an entry of one. */
export type Extension = {
  readonly oid: string;
  readonly critical: boolean;
  /** What it holds, where its kind is one whose value is DER for certain. */
  readonly value?: DerValue;
};

/** The items of a SEQUENCE OF Extension. @throws {Refusal} extension, extension_twice, der or structure */
export function listExtensions(value: DerValue): readonly Extension[] {
  const extensions = items(value).map(readExtension);
  const seen = new Set<string>();
  for (const { oid } of extensions) {
    if (seen.has(oid)) throw new Refusal('extension_twice', oid);
    seen.add(oid);
  }
  return extensions;
}

function readExtension(value: DerValue): Extension {
  const members = new Members(value);
  const oid = readOid(members.take(TAG.oid));
  const critical = members.takeIf(TAG.boolean);
  if (critical && !isTrue(critical)) throw encodedDefault('critical FALSE');
  const { content } = members.take(TAG.octetString);
  members.end();
  return { oid, critical: critical !== undefined, ...(STANDARD_ARC.test(oid) && { value: readDer(content) }) };
}

function readSubjectKeyId(value: DerValue, into: Mutable<Extensions>): void {
  if (value.tag !== TAG.octetString || value.content.length === 0)
    throw new Refusal('extension', 'a subject key identifier without octets');
  into.subjectKeyId = value.content;
}

/** A named bit list: DER drops its trailing zero bits, and RFC 5280 asks for at least one set. X.690 §11.2.2 */
function readKeyUsage(value: DerValue, into: Mutable<Extensions>): void {
  const [unused = 0, ...octets] = value.content;
  const bits = octets.length * 8 - unused;
  const last = (octets.at(-1) ?? 0) & (1 << unused);
  if (value.tag !== TAG.bitString || last === 0 || bits > KEY_USAGES.length)
    throw new Refusal('extension', 'a key usage that is no list of usages');
  into.keyUsage = KEY_USAGES.filter((_, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

function readBasicConstraints(value: DerValue, into: Mutable<Extensions>): void {
  const members = new Members(value);
  const ca = members.takeIf(TAG.boolean);
  if (ca && !isTrue(ca)) throw encodedDefault('cA FALSE');
  const pathLength = members.takeIf(TAG.integer);
  members.end();
  if (pathLength && !ca) throw new Refusal('extension', 'a path length for what is no CA');
  into.isCa = ca !== undefined;
  if (pathLength) into.pathLength = smallInteger(pathLength);
}

function readPolicies(value: DerValue, into: Mutable<Extensions>): void {
  const policies = items(value).map((policy) => {
    const members = new Members(policy);
    const oid = readOid(members.take(TAG.oid));
    const qualifiers = members.takeIf(TAG.sequence);
    if (qualifiers) items(qualifiers);
    members.end();
    return oid;
  });
  into.policies = eachOnce(policies);
}

function readExtendedKeyUsage(value: DerValue, into: Mutable<Extensions>): void {
  into.extendedKeyUsage = eachOnce(items(value).map(readOid));
}

function readStatements(value: DerValue, into: Mutable<Extensions>): void {
  into.statements = readQualifiedStatements(value);
}

function readDistributionPoints(value: DerValue, into: Mutable<Extensions>): void {
  into.distributionPoints = listDistributionPoints(value);
}

function readAuthorityKeyId(value: DerValue, into: Mutable<Extensions>): void {
  into.authorityKeyId = toAuthorityKeyId(value);
}

/** AuthorityKeyIdentifier, in a certificate or a revocation list. RFC 5280 §4.2.1.1 @throws {Refusal} extension, structure */
export function toAuthorityKeyId(value: DerValue): AuthorityKeyId {
  const members = new Members(value);
  const keyId = members.takeIf(contextTag(0));
  const issuer = members.takeIf(contextTagHolding(1));
  const serialNumber = members.takeIf(contextTag(2));
  members.end();
  if ((issuer === undefined) !== (serialNumber === undefined)) throw new Refusal('extension', 'half an issuer and serial number');
  return {
    ...(keyId && { keyId: keyId.content }),
    ...(issuer && { issuer: directoryName(issuer) }),
    ...(serialNumber && { serialNumber: serialNumber.content }),
  };
}

/** The one directoryName of a GeneralNames: an issuer named in another way cannot be compared. RFC 5280 §4.2.1.6 */
function directoryName(names: DerValue): Buffer {
  const [name, ...more] = names.children;
  const [inner] = name?.children ?? [];
  if (name?.tag !== contextTagHolding(4) || name.children.length !== 1 || more.length > 0 || !inner) {
    throw new Refusal('extension', 'an authority that is not one directory name');
  }
  return inner.der;
}

function eachOnce(oids: readonly string[]): readonly string[] {
  if (new Set(oids).size !== oids.length) throw new Refusal('extension', 'an identifier listed twice');
  return oids;
}

const isTrue = (value: DerValue): boolean => value.content[0] === 0xff;

function encodedDefault(what: string): Refusal {
  return new Refusal('extension', `an encoded default value, ${what}`);
}
