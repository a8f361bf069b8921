import { createPublicKey } from 'node:crypto';
import t from 'tap';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { createTrust, validatePath } from '../../keys/x509/chain.ts';
import { createCertificates } from '../../keys/x509/trust.ts';
import { bitString, integer, NULL, oid, sequence, tlv } from './encode.ts';
import {
  commonName,
  entry,
  key,
  leafExtensions,
  makeLeaf,
  makeRoot,
  NOW,
  ORGANIZATION,
  type Order,
  rsaPss,
  SHA384,
  spki,
} from './pki.ts';
import { accepts, below, CA_EXTENSIONS, type Chain, issuing, leaf, refuses } from './refuses.ts';

/** Which keys and signature algorithms a certificate may have. */

const claimedRsa = (n: bigint, e: bigint): Buffer =>
  sequence(sequence(oid('1.2.840.113549.1.1.1'), NULL), bitString(sequence(integer(n), integer(e))));

/** An odd number of so many bits without a small factor; nobody knows the private key, and none is needed to be refused. */
const modulus = (bits: number): bigint => {
  for (let n = 2n ** BigInt(bits - 1) + 1n; ; n += 2n) if (SMALL.every((factor) => n % factor !== 0n)) return n;
};
const SMALL = Array.from({ length: 375 }, (_, place) => BigInt(2 * place + 3));

const ecKey = (curve: string, point: Buffer): Buffer =>
  sequence(sequence(oid('1.2.840.10045.2.1'), oid(curve)), bitString(point));
const p256 = spki(key('point')).subarray(-65);

/** A leaf below an RSA CA that is not configured: what is wrong with it is found before its issuer is sought. */
const underRsa = (order: Partial<Order>): Buffer =>
  makeLeaf({ der: Buffer.alloc(0), name: commonName('rsa'), key: key('rsa', 2048) }, order);

refuses(
  'PV-SEC-042 refuses RSA with SHA-1',
  'signature_algorithm',
  () => [underRsa({ algorithm: sequence(oid('1.2.840.113549.1.1.5'), NULL), digest: 'sha1' })],
  { trust: [] },
);
refuses(
  'PV-SEC-042 refuses RSA with MD5',
  'signature_algorithm',
  () => [underRsa({ algorithm: sequence(oid('1.2.840.113549.1.1.4'), NULL), digest: 'md5' })],
  { trust: [] },
);
refuses(
  'PV-SEC-042 refuses ECDSA with SHA-1',
  'signature_algorithm',
  leaf({ algorithm: sequence(oid('1.2.840.10045.4.1')), digest: 'sha1' }),
);
for (const [what, algorithm] of [
  ['without parameters', sequence(oid('1.2.840.113549.1.1.10'))],
  ['with the default digest, SHA-1', sequence(oid('1.2.840.113549.1.1.10'), sequence())],
  ['with another digest for the mask', rsaPss({ mask: SHA384 })],
  ['with a short salt', rsaPss({ salt: 20 })],
  ['with SHA-1 by name', rsaPss({ digest: sequence(oid('1.3.14.3.2.26'), NULL) })],
  ['with an encoded default', rsaPss({ more: tlv(0xa3, integer(1)) })],
  ['with another trailer', rsaPss({ more: tlv(0xa3, integer(2)) })],
] as const) {
  refuses(`PV-SEC-042 refuses RSA-PSS ${what}`, 'signature_algorithm', () => [underRsa({ algorithm, digest: 'pss-sha256-32' })], {
    trust: [],
  });
}

const rsaRoot = makeRoot('rsa root', { signer: key('rsa', 2048), key: key('rsa', 2048) });
const rsaTrust = [entry('anchor', rsaRoot.der)];
const underRsaRoot =
  (order: Partial<Order>): Chain =>
  () => [makeLeaf(rsaRoot, order)];
const bare = (type: string): Buffer => sequence(oid(type));
for (const [what, order] of [
  ['SHA-256', { algorithm: rsaPss(), digest: 'pss-sha256-32' }],
  ['SHA-384', { algorithm: rsaPss({ digest: SHA384, salt: 48 }), digest: 'pss-sha384-48' }],
  ['SHA-256 without its NULL', { algorithm: rsaPss({ digest: bare('2.16.840.1.101.3.4.2.1') }), digest: 'pss-sha256-32' }],
  ['SHA-256 with a NULL once', { algorithm: rsaPss({ mask: bare('2.16.840.1.101.3.4.2.1') }), digest: 'pss-sha256-32' }],
] as const) {
  accepts(`PV-SEC-042 takes RSA-PSS with ${what}`, underRsaRoot(order), { organization: ORGANIZATION }, rsaTrust);
}
for (const digest of ['pss-sha256-20', 'pss-sha384-32', 'sha256']) {
  refuses(
    `PV-SEC-042 refuses a signature made with ${digest} that says RSA-PSS`,
    'signature',
    underRsaRoot({ algorithm: rsaPss(), digest }),
    {
      trust: rsaTrust,
    },
  );
}
refuses(
  'PV-SEC-042 refuses a signature made with RSA-PSS that says otherwise',
  'signature',
  underRsaRoot({ digest: 'pss-sha256-32' }),
  { trust: rsaTrust },
);
refuses(
  'PV-SEC-042 refuses parameters on ECDSA',
  'signature_algorithm',
  leaf({ algorithm: sequence(oid('1.2.840.10045.4.3.2'), NULL) }),
);
refuses(
  'PV-SEC-042 refuses strange parameters on RSA',
  'signature_algorithm',
  leaf({ algorithm: sequence(oid('1.2.840.113549.1.1.11'), integer(1)) }),
);
refuses('PV-SEC-042 refuses Ed25519 while it is off', 'signature_algorithm', leaf({ algorithm: sequence(oid('1.3.101.112')) }));
refuses('PV-SEC-013 refuses a leaf of 1024 bits', 'key_policy', leaf({ key: key('short', 1024) }));
refuses('PV-SEC-013 refuses a leaf of 2047 bits', 'key_policy', leaf({ key: claimedRsa(modulus(2047), 65537n) }));
refuses('PV-SEC-013 refuses a leaf of 4097 bits', 'key_policy', leaf({ key: claimedRsa(modulus(4097), 65537n) }));
refuses('PV-SEC-013 refuses a leaf of 16384 bits', 'key_policy', leaf({ key: claimedRsa(modulus(16384), 65537n) }));
refuses('PV-SEC-013 refuses an issuing CA of 1024 bits', 'key_policy', below({ key: key('short', 1024) }));
refuses('PV-SEC-013 refuses an issuing CA of 8193 bits', 'key_policy', below({ key: claimedRsa(modulus(8193), 65537n) }));
refuses('PV-SEC-013 refuses the exponent 1', 'key_policy', leaf({ key: claimedRsa(modulus(2048), 1n) }));
refuses('PV-SEC-013 refuses the exponent 3', 'key_policy', leaf({ key: claimedRsa(modulus(2048), 3n) }));
refuses('PV-SEC-013 refuses an even exponent', 'key_policy', leaf({ key: claimedRsa(modulus(2048), 65538n) }));
refuses(
  'PV-SEC-013 refuses an exponent too large for every OpenSSL',
  'key_policy',
  leaf({ key: claimedRsa(modulus(2048), 2n ** 64n + 1n) }),
);
refuses('PV-SEC-013 refuses an even modulus', 'key_policy', leaf({ key: claimedRsa(modulus(2048) + 1n, 65537n) }));
refuses(
  'PV-SEC-013 refuses a negative modulus',
  'structure',
  leaf({
    key: sequence(
      sequence(oid('1.2.840.113549.1.1.1'), NULL),
      bitString(sequence(tlv(0x02, Buffer.alloc(256, 0x81)), integer(65537))),
    ),
  }),
);
refuses(
  'PV-SEC-013 refuses an RSA key with parameters of another kind',
  'key_policy',
  leaf({
    key: sequence(sequence(oid('1.2.840.113549.1.1.1'), integer(1)), bitString(sequence(integer(modulus(2048)), integer(65537)))),
  }),
);
refuses(
  'PV-SEC-013 refuses octets after an RSA key',
  'der',
  leaf({
    key: sequence(
      sequence(oid('1.2.840.113549.1.1.1'), NULL),
      bitString(Buffer.concat([sequence(integer(modulus(2048)), integer(65537)), NULL])),
    ),
  }),
);
refuses(
  'PV-SEC-013 refuses a key that may only sign with RSA-PSS',
  'key_policy',
  leaf({
    key: sequence(sequence(oid('1.2.840.113549.1.1.10')), bitString(sequence(integer(modulus(2048)), integer(65537)))),
  }),
);
refuses('PV-SEC-013 refuses the curve secp256k1', 'key_policy', leaf({ key: ecKey('1.3.132.0.10', p256) }));
refuses('PV-SEC-013 refuses a point of another curve', 'key_policy', leaf({ key: ecKey('1.3.132.0.34', p256) }));
refuses(
  'PV-SEC-013 refuses a point that is not on its curve',
  'key_policy',
  leaf({
    key: ecKey('1.2.840.10045.3.1.7', Buffer.concat([p256.subarray(0, -1), Buffer.from([(p256.at(-1) ?? 0) ^ 1])])),
  }),
);
refuses('PV-SEC-013 refuses the point at infinity', 'key_policy', leaf({ key: ecKey('1.2.840.10045.3.1.7', Buffer.from([0])) }));
refuses(
  'PV-SEC-013 refuses a point that is written in both ways at once',
  'key_policy',
  leaf({ key: ecKey('1.2.840.10045.3.1.7', Buffer.concat([Buffer.from([6 + ((p256.at(-1) ?? 0) & 1)]), p256.subarray(1)])) }),
);
refuses(
  'PV-SEC-013 refuses a compressed point',
  'key_policy',
  leaf({
    key: ecKey('1.2.840.10045.3.1.7', Buffer.concat([Buffer.from([2 + ((p256.at(-1) ?? 0) & 1)]), p256.subarray(1, 33)])),
  }),
);
refuses(
  'PV-SEC-013 refuses a curve that brings its own numbers',
  'key_policy',
  leaf({ key: sequence(sequence(oid('1.2.840.10045.2.1'), sequence(integer(1))), bitString(p256)) }),
);
refuses(
  'PV-SEC-013 refuses an issuing CA whose point is not on its curve',
  'key_policy',
  below({ key: ecKey('1.2.840.10045.3.1.7', Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)])) }),
);

refuses(
  'PV-SEC-013 reads an issuing CA of 8192 bits, as far as its signature,',
  'signature',
  below({ key: claimedRsa(modulus(8192), 65537n), signer: key('forger') }),
);

for (const bits of [2048, 3072, 4096]) {
  accepts(`PV-SEC-013 takes a leaf of ${bits} bits and names it by its RFC 7638 thumbprint`, leaf({ key: key('sized', bits) }), {
    key: { jwk: createPublicKey(key('sized', bits)).export({ format: 'jwk' }), thumbprint: /^[\w-]{43}$/ },
  });
}
for (const curve of ['P-256', 'P-384'] as const) {
  accepts(`PV-SEC-013 takes a leaf on ${curve}`, leaf({ key: key('curved', curve) }), {
    key: { jwk: createPublicKey(key('curved', curve)).export({ format: 'jwk' }) },
  });
}

/** What an authority signs with: its key, the algorithm as certificates write it, and the digest. */
const signers = [
  ['RSA with SHA-256', key('rsa', 2048), sequence(oid('1.2.840.113549.1.1.11'), NULL), 'sha256'],
  ['RSA with SHA-384', key('rsa', 2048), sequence(oid('1.2.840.113549.1.1.12'), NULL), 'sha384'],
  ['RSA with SHA-512', key('rsa', 2048), sequence(oid('1.2.840.113549.1.1.13'), NULL), 'sha512'],
  ['RSA without the NULL (RFC 4055 §5)', key('rsa', 2048), sequence(oid('1.2.840.113549.1.1.11')), 'sha256'],
  ['ECDSA with SHA-256', key('ec'), sequence(oid('1.2.840.10045.4.3.2')), 'sha256'],
  ['ECDSA with SHA-384', key('ec', 'P-384'), sequence(oid('1.2.840.10045.4.3.3')), 'sha384'],
] as const;

for (const [title, signer, algorithm, digest] of signers) {
  const order = { signer, algorithm, digest };
  const anchor = makeRoot('signing', { ...order, key: signer, extensions: CA_EXTENSIONS });
  const chain = () => [makeLeaf({ ...anchor, key: signer }, { ...order, extensions: leafExtensions() })];
  accepts(`PV-SEC-042 takes ${title}`, chain, { organization: ORGANIZATION }, [entry('anchor', anchor.der)]);
}

const edwards = key('edwards', 'Ed25519');
const edwardsRoot = makeRoot('edwards', { signer: edwards, key: edwards, extensions: CA_EXTENSIONS });
const edwardsLeaf = makeLeaf({ ...edwardsRoot, key: edwards }, { key: edwards, extensions: leafExtensions() });

t.test('PV-SEC-042 takes Ed25519 where it is on, as authority and as leaf', async (t) => {
  const certificates = createCertificates([entry('anchor', edwardsRoot.der)], { environment: 'test', ed25519: true });
  const { key: found } = await certificates.judge([edwardsLeaf], NOW);
  t.same(found.jwk, createPublicKey(edwards).export({ format: 'jwk' }));
});

t.test('PV-SEC-042 refuses an Ed25519 authority when it is loaded while Ed25519 is off', async (t) => {
  t.throws(() => createCertificates([entry('anchor', edwardsRoot.der)], { environment: 'test' }), /^signature_algorithm: /);
});

refuses('PV-SEC-042 refuses an Ed25519 leaf while it is off', 'key_policy', leaf({ key: edwards }));

/** An Ed25519 key of any octets, judged where Ed25519 is on. */
function refusesPoint(sentence: string, point: Buffer, algorithm = sequence(oid('1.3.101.112'))): void {
  t.test(`PV-SEC-013 refuses an Ed25519 key ${sentence}`, async (t) => {
    const chain = [readCertificate(makeLeaf(issuing, { key: sequence(algorithm, bitString(point)) }))];
    const trusted = createTrust([readCertificate(issuing.der)], []);
    t.throws(() => validatePath(chain, trusted, { now: NOW, ed25519: true }), /^key_policy: an Ed25519 /);
  });
}

const own = spki(edwards).subarray(-32);
const littleEndian = (y: bigint): Buffer => Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse();
const field = 2n ** 255n - 19n;
const ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;

refusesPoint('of 31 octets', own.subarray(1));
refusesPoint('of 33 octets', Buffer.concat([own, Buffer.alloc(1)]));
refusesPoint('with parameters', own, sequence(oid('1.3.101.112'), NULL));
for (const y of [0n, 1n, field - 1n, ORDER_8, field - ORDER_8]) refusesPoint(`of small order, ${y}`, littleEndian(y));
refusesPoint('of small order with the sign of x set', littleEndian(2n ** 255n + 1n));
refusesPoint('whose number is reduced once more', littleEndian(field + 3n));
refusesPoint('that is not on the curve', littleEndian(2n));
