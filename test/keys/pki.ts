import { constants, createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { TrustEntry } from '../../server/core/ports.ts';
import { bitString, boolean, integer, NULL, octetString, oid, sequence, set, time, tlv, utf8 } from './encode.ts';

/** A moment at which everything made here is valid unless it says otherwise: 2026-01-01T00:00:00Z. */
export const NOW = 1_767_225_600;
export const DAY = 86_400;

/** A private key, made once a process for each name: a test that wants another key takes another name. */
export function key(name = 'a', kind: 'P-256' | 'P-384' | 'Ed25519' | number = 'P-256'): KeyObject {
  const kept = keys.get(`${name} ${kind}`);
  if (kept) return kept;
  const privateKey = makeKey(kind);
  keys.set(`${name} ${kind}`, privateKey);
  return privateKey;
}

const keys = new Map<string, KeyObject>();

function makeKey(kind: 'P-256' | 'P-384' | 'Ed25519' | number): KeyObject {
  if (kind === 'Ed25519') return generateKeyPairSync('ed25519').privateKey;
  if (typeof kind === 'number') return generateKeyPairSync('rsa', { modulusLength: kind }).privateKey;
  return generateKeyPairSync('ec', { namedCurve: kind }).privateKey;
}

export const OID = {
  country: '2.5.4.6',
  organization: '2.5.4.10',
  commonName: '2.5.4.3',
  serialNumber: '2.5.4.5',
  organizationIdentifier: '2.5.4.97',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

/** One relative name: pairs of object identifier and encoded value. */
export type RelativeName = readonly (readonly [type: string, value: Buffer])[];

/** A Name of relative names; attributes of one relative name are put in DER's order. */
export function name(...relativeNames: readonly RelativeName[]): Buffer {
  return sequence(
    ...relativeNames.map((attributes) =>
      set(...attributes.map(([type, value]) => sequence(oid(type), value)).toSorted(Buffer.compare)),
    ),
  );
}

/** A name with a common name alone. */
export const commonName = (text: string): Buffer => name([[OID.commonName, utf8(text)]]);

/** The subject of a SEID 2.0 enterprise certificate. Contract §8.3 */
export const enterprise = (...more: readonly RelativeName[]): Buffer =>
  name(
    [[OID.country, utf8('NO')]],
    [[OID.organization, utf8('Eksempel Bygg AS')]],
    [[OID.commonName, utf8('Eksempel Bygg AS')]],
    ...more,
  );

export const ORGANIZATION = '310555037';
export const organizationIdentifier = (text: string): RelativeName => [[OID.organizationIdentifier, utf8(text)]];

/** Encoded extensions, by what they say. RFC 5280 §4.2 */
export const extension = {
  of: (type: string, value: Buffer, critical = false): Buffer =>
    sequence(oid(type), ...(critical ? [boolean(true)] : []), octetString(value)),
  ca: (pathLength?: number, critical = true): Buffer =>
    extension.of('2.5.29.19', sequence(boolean(true), ...(pathLength === undefined ? [] : [integer(pathLength)])), critical),
  /** Bits by their number: 0 digitalSignature, 1 contentCommitment, 2 keyEncipherment, 5 keyCertSign, 6 cRLSign. */
  keyUsage: (...bits: readonly number[]): Buffer => extension.of('2.5.29.15', namedBits(bits), true),
  extendedKeyUsage: (...types: readonly string[]): Buffer => extension.of('2.5.29.37', sequence(...types.map(oid))),
  subjectKeyId: (id: Uint8Array): Buffer => extension.of('2.5.29.14', octetString(id)),
  authorityKeyId: (id: Uint8Array): Buffer => extension.of('2.5.29.35', sequence(tlv(0x80, id))),
};

function namedBits(bits: readonly number[]): Buffer {
  const last = Math.max(...bits);
  const octets = Buffer.alloc((last >> 3) + 1);
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return bitString(octets, 7 - (last & 7));
}

/** The key identifier of RFC 5280 §4.2.1.2 (1), near enough: a digest of the public key. */
export const keyId = (privateKey: KeyObject): Buffer => createHash('sha256').update(spki(privateKey)).digest().subarray(0, 20);

export const spki = (privateKey: KeyObject): Buffer => createPublicKey(privateKey).export({ type: 'spki', format: 'der' });

/** What a certificate is made of; all but the names and keys has a default. */
export type Order = {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly signer: KeyObject;
  /** A private key, or the encoded SubjectPublicKeyInfo itself. */
  readonly key: KeyObject | Buffer;
  readonly extensions: readonly Buffer[];
  readonly notBefore?: number | Buffer;
  readonly notAfter?: number | Buffer;
  readonly version?: Buffer;
  readonly serialNumber?: Buffer;
  /** The AlgorithmIdentifier inside and outside, and the digest that is signed with; `pss-sha256-32` is RSA-PSS with 32 octets of salt. */
  readonly algorithm?: Buffer;
  readonly outerAlgorithm?: Buffer;
  readonly digest?: string;
  /** What stands between the public key and the extensions. */
  readonly uniqueIds?: Buffer;
};

/** Makes a certificate exactly as ordered, however wrong, and signs it. */
export function certificate(order: Order): Buffer {
  const algorithm = order.algorithm ?? defaultAlgorithm(order.signer);
  const tbs = sequence(
    order.version ?? tlv(0xa0, integer(2)),
    order.serialNumber ?? integer(++serial),
    algorithm,
    order.issuer,
    sequence(date(order.notBefore ?? NOW - 30 * DAY), date(order.notAfter ?? NOW + 30 * DAY)),
    order.subject,
    Buffer.isBuffer(order.key) ? order.key : spki(order.key),
    order.uniqueIds ?? Buffer.alloc(0),
    order.extensions.length === 0 ? Buffer.alloc(0) : tlv(0xa3, sequence(...order.extensions)),
  );
  return sequence(tbs, order.outerAlgorithm ?? algorithm, bitString(signature(tbs, order.signer, order.digest)));
}

let serial = 0x1000;

const date = (value: number | Buffer): Buffer => (typeof value === 'number' ? time(value) : value);

function signature(tbs: Buffer, signer: KeyObject, digest = 'sha256'): Buffer {
  if (digest.startsWith('pss-')) {
    const [, name = '', saltLength] = digest.split('-');
    return sign(name, tbs, { key: signer, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: Number(saltLength) });
  }
  return sign(signer.asymmetricKeyType === 'ed25519' ? null : digest, tbs, signer);
}

function defaultAlgorithm(signer: KeyObject): Buffer {
  if (signer.asymmetricKeyType === 'ed25519') return sequence(oid('1.3.101.112'));
  return signer.asymmetricKeyType === 'rsa' ? RSA_SHA256 : sequence(oid('1.2.840.10045.4.3.2'));
}

export const RSA_SHA256 = sequence(oid('1.2.840.113549.1.1.11'), NULL);

type PssOrder = { readonly digest?: Buffer; readonly mask?: Buffer; readonly salt?: number; readonly more?: Buffer };

/** The AlgorithmIdentifier of RSA-PSS. RFC 4055 §3.1 */
export function rsaPss({ digest = SHA256, mask = digest, salt = 32, more = Buffer.alloc(0) }: PssOrder = {}): Buffer {
  const maskAlgorithm = sequence(oid('1.2.840.113549.1.1.8'), mask);
  const parameters = sequence(tlv(0xa0, digest), tlv(0xa1, maskAlgorithm), tlv(0xa2, integer(salt)), more);
  return sequence(oid('1.2.840.113549.1.1.10'), parameters);
}

export const SHA256 = sequence(oid('2.16.840.1.101.3.4.2.1'), NULL);
export const SHA384 = sequence(oid('2.16.840.1.101.3.4.2.2'), NULL);

/** An authority of a test: what it is called and signs with. */
export type Authority = { readonly der: Buffer; readonly name: Buffer; readonly key: KeyObject };

/** A self-signed root, with the key of its name. */
export function makeRoot(title = 'root', order: Partial<Order> = {}): Authority {
  const own = order.signer ?? key(title);
  const extensions = [extension.ca(), extension.keyUsage(5, 6), extension.subjectKeyId(keyId(own))];
  const subject = order.subject ?? commonName(title);
  return { der: certificate({ subject, issuer: subject, signer: own, key: own, extensions, ...order }), name: subject, key: own };
}

/** A CA below another one, with the key of its name. */
export function makeIssuing(above: Authority, title = 'issuing', order: Partial<Order> = {}): Authority {
  const own = key(title);
  const subject = order.subject ?? commonName(title);
  const extensions = [extension.ca(), extension.keyUsage(5, 6), ...keyIds(own, above.key)];
  return {
    der: certificate({ subject, issuer: above.name, signer: above.key, key: own, extensions, ...order }),
    name: subject,
    key: own,
  };
}

export const leafKey = (): KeyObject => key('leaf', 2048);

/** The extensions of an enterprise certificate, without the key identifiers. */
export const leafExtensions = (): Buffer[] => [
  extension.keyUsage(0),
  extension.extendedKeyUsage(OID.clientAuth, OID.emailProtection),
];

/** An enterprise certificate of {@link ORGANIZATION}, as SEID 2.0 has it. */
export function makeLeaf(above: Authority, order: Partial<Order> = {}): Buffer {
  return certificate({
    subject: enterprise(organizationIdentifier(`NTRNO-${ORGANIZATION}`)),
    issuer: above.name,
    signer: above.key,
    key: leafKey(),
    extensions: [...leafExtensions(), ...keyIds(leafKey(), above.key)],
    ...order,
  });
}

function keyIds(own: KeyObject, above: KeyObject): Buffer[] {
  return [extension.subjectKeyId(keyId(own)), extension.authorityKeyId(keyId(above))];
}

/** What a revocation list is made of; all but the issuer has a default. */
export type ListOrder = {
  /** The content octets of serial numbers, or whole entries. */
  readonly revoked?: readonly Buffer[];
  readonly issuer?: Buffer;
  readonly signer?: KeyObject;
  readonly thisUpdate?: number | Buffer;
  /** An empty buffer leaves it out. */
  readonly nextUpdate?: number | Buffer;
  readonly version?: Buffer;
  readonly number?: number;
  /** In place of the number and the authority key identifier. */
  readonly extensions?: readonly Buffer[];
  readonly more?: readonly Buffer[];
  readonly algorithm?: Buffer;
  readonly outerAlgorithm?: Buffer;
  readonly digest?: string;
};

/** Makes a revocation list of an authority exactly as ordered, however wrong, and signs it. RFC 5280 §5.1 */
export function makeList(above: Authority, order: ListOrder = {}): Buffer {
  const { signer = above.key, more = [] } = order;
  const algorithm = order.algorithm ?? defaultAlgorithm(signer);
  const extensions = [...(order.extensions ?? [crlNumber(order.number ?? 1), extension.authorityKeyId(keyId(signer))]), ...more];
  const tbs = sequence(
    order.version ?? integer(1),
    algorithm,
    order.issuer ?? above.name,
    date(order.thisUpdate ?? NOW - DAY),
    date(order.nextUpdate ?? NOW + DAY),
    order.revoked ? sequence(...order.revoked) : Buffer.alloc(0),
    extensions.length === 0 ? Buffer.alloc(0) : tlv(0xa0, sequence(...extensions)),
  );
  return sequence(tbs, order.outerAlgorithm ?? algorithm, bitString(signature(tbs, signer, order.digest)));
}

export const crlNumber = (number: number): Buffer => extension.of('2.5.29.20', integer(number));

/** An entry of a list, with extensions if need be. */
export function revokedEntry(serialNumber: Buffer, ...extensions: readonly Buffer[]): Buffer {
  const more = extensions.length === 0 ? [] : [sequence(...extensions)];
  return sequence(tlv(0x02, serialNumber), time(NOW - DAY), ...more);
}

/** A trust entry of the test environment. */
export function entry(role: TrustEntry['role'], der: Buffer, more: Partial<TrustEntry> = {}): TrustEntry {
  return { id: role, certificate: der.toString('base64'), role, environment: 'test', profile: 'own-ca', created: NOW, ...more };
}
