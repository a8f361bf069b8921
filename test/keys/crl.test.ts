import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { createTrust, validatePath } from '../../keys/x509/chain.ts';
import { readCrl } from '../../keys/x509/crl.ts';
import { readRevoked } from '../../keys/x509/crl-entries.ts';
import { loadList } from '../../keys/x509/load-list.ts';
import { attempt, Refusal, type Rule } from '../../keys/x509/refusal.ts';
import { assertNotRevoked } from '../../keys/x509/revocation.ts';
import { openList } from '../../keys/x509/revocation-list.ts';
import { hasSerial } from '../../keys/x509/serial-table.ts';
import { bitString, boolean, integer, NULL, octetString, oid, sequence, tlv } from './encode.ts';
import {
  commonName,
  crlNumber,
  extension,
  key,
  keyId,
  type ListOrder,
  leafExtensions,
  makeIssuing,
  makeLeaf,
  makeList,
  NOW,
  revokedEntry,
} from './pki.ts';
import { CA_EXTENSIONS, issuing, root, valid } from './refuses.ts';

/** Lists of what has been revoked: how they have to be written, when they count, and for what. RFC 5280 §5 and §6.3 */

const rootsList = makeList(root);
const serialOf = (der: Buffer): Buffer => readCertificate(der).serialNumber;

/** The rule that a chain breaks when these lists are given for it, and what is told of it; undefined when it holds. */
function judge(lists: readonly Buffer[], chain: readonly Buffer[] = [valid, issuing.der]): Refusal | undefined {
  const crls = lists.flatMap((der) => {
    const crl = attempt(() => readCrl(der));
    return crl instanceof Refusal ? [] : [crl];
  });
  const trust = createTrust([readCertificate(root.der)], []);
  const assertGood = (path: Parameters<typeof assertNotRevoked>[0]) => assertNotRevoked(path, crls, NOW);
  const outcome = attempt(() =>
    validatePath(
      chain.map((der) => readCertificate(der)),
      trust,
      { now: NOW, assertNotRevoked: assertGood },
    ),
  );
  return outcome instanceof Refusal ? outcome : undefined;
}

/** A test of a list that is good but for one thing: it gives no answer, by this rule, and so the chain is refused. */
function unusable(sentence: string, rule: Rule, order: ListOrder | (() => Buffer)): void {
  t.test(`PV-SEC-053 a list ${sentence} gives no answer, by ${rule}`, async (t) => {
    const der = typeof order === 'function' ? order() : makeList(issuing, order);
    const own = attempt(() => openList(readCrl(der), readCertificate(issuing.der)));
    const refusal = judge([rootsList, der]);
    t.equal(refusal?.rule, 'revocation');
    if (own instanceof Refusal) t.equal(own.rule, rule, own.message);
    else t.match(refusal?.met, `certificate 1: ${rule}: `);
    t.equal(judge([rootsList, der, makeList(issuing)]), undefined, 'and does not stand in the way of a good one');
  });
}

function usable(sentence: string, order: ListOrder): void {
  t.test(`PV-SEC-053 a list ${sentence} is an answer`, async (t) => {
    const refusal = judge([rootsList, makeList(issuing, order)]);
    t.equal(refusal, undefined, refusal?.message ?? '');
  });
}

const EMPTY = Buffer.alloc(0);
const DISTRIBUTION_POINT = '2.5.29.28';
const scope = (...members: readonly Buffer[]): ListOrder => ({
  more: [extension.of(DISTRIBUTION_POINT, sequence(...members), true)],
});
const TRUE = Buffer.from([0xff]);
const uri = (text: string): Buffer => tlv(0x86, Buffer.from(text));
const fullName = (...names: readonly Buffer[]): Buffer => tlv(0xa0, tlv(0xa0, ...names));
const entryWith = (...extensions: readonly Buffer[]): ListOrder => ({ revoked: [revokedEntry(Buffer.from([9]), ...extensions)] });

unusable('with octets after it', 'structure', () => Buffer.concat([makeList(issuing), Buffer.alloc(1)]));
unusable('that is cut off', 'der', () => makeList(issuing).subarray(0, -1));
unusable('with a length that is not minimal', 'der', () =>
  Buffer.concat([Buffer.from([0x30, 0x83, 0x00]), makeList(issuing).subarray(2)]),
);
unusable('that is a certificate', 'crl', () => valid);
unusable('with a member after the signature', 'structure', () => sequence(makeList(issuing).subarray(4), NULL));
unusable('with an extension of more than 64 KiB', 'der', { more: [extension.of('1.2.3', Buffer.alloc(70_000))] });
unusable('of version 1', 'crl', { version: EMPTY, extensions: [] });
unusable('of version 3', 'crl', { version: integer(2) });
unusable('without a number', 'crl', { extensions: [extension.authorityKeyId(keyId(issuing.key))] });
unusable('with a negative number', 'crl', { extensions: [extension.of('2.5.29.20', tlv(0x02, Buffer.from([0x80])))] });
unusable('with a number of 21 octets', 'crl', { extensions: [extension.of('2.5.29.20', integer(2n ** 161n))] });
unusable('with a number marked critical', 'extension', { extensions: [extension.of('2.5.29.20', integer(1), true)] });
unusable('with a number twice', 'extension_twice', { extensions: [crlNumber(1), crlNumber(1)] });
unusable('without the date of the next one', 'crl', { nextUpdate: EMPTY });
unusable('with a date without seconds', 'time', { nextUpdate: tlv(0x17, Buffer.from('2701010000Z')) });
unusable('with two algorithms', 'algorithms_differ', { outerAlgorithm: sequence(oid('1.2.840.10045.4.3.3')) });
unusable('signed with SHA-1', 'signature_algorithm', { algorithm: sequence(oid('1.2.840.10045.4.1')), digest: 'sha1' });
unusable('with a wrong signature', 'crl_issuer', { digest: 'sha384' });
unusable('signed by a sibling in its name', 'crl_issuer', { signer: key('sibling'), extensions: [crlNumber(1)] });
unusable('that names another key of its issuer', 'crl_issuer', { extensions: [crlNumber(1), extension.authorityKeyId(EMPTY)] });
unusable('with an unknown critical extension', 'critical_extension', { more: [extension.of('1.2.3', NULL, true)] });
unusable('that begins a second from now', 'crl_not_fresh', { thisUpdate: NOW + 1 });
unusable('that ends now', 'crl_not_fresh', { nextUpdate: NOW });
unusable('of changes to another list', 'crl_scope', { more: [extension.of('2.5.29.27', integer(1), true)] });
unusable('that is indirect', 'crl_scope', scope(tlv(0x84, TRUE)));
unusable('for some reasons', 'crl_scope', scope(tlv(0x83, Buffer.from([6, 0x40]))));
unusable('of attribute certificates', 'crl_scope', scope(tlv(0x85, TRUE)));
unusable('of CA certificates', 'crl_scope', scope(tlv(0x82, TRUE)));
unusable('of another distribution point', 'crl_scope', scope(fullName(uri('http://ca.example.no/other.crl'))));
unusable('with a name relative to its issuer', 'crl_scope', scope(tlv(0xa0, tlv(0xa1, sequence(oid('2.5.4.3'), NULL)))));
unusable('of CA certificates and others alone', 'extension', scope(tlv(0x81, TRUE), tlv(0x82, TRUE)));
unusable('with an encoded default', 'extension', scope(tlv(0x84, Buffer.from([0]))));
unusable('with a distribution point of two names', 'structure', scope(tlv(0xa0, tlv(0xa0, uri('a')), tlv(0xa0, uri('b')))));
unusable(
  'with an entry that has an unknown critical extension',
  'critical_extension',
  entryWith(extension.of('1.2.3', NULL, true)),
);
unusable(
  'with an entry about a certificate of another issuer',
  'critical_extension',
  entryWith(extension.of('2.5.29.29', sequence(tlv(0xa4, commonName('other'))), true)),
);
unusable(
  'with an entry that has an extension twice',
  'extension_twice',
  entryWith(...Array(2).fill(extension.of('1.2.3', NULL))),
);
unusable(
  'with an entry that has an encoded default',
  'extension',
  entryWith(sequence(oid('1.2.3'), boolean(false), octetString(NULL))),
);
unusable('with an entry whose extensions are not DER', 'der', entryWith(extension.of('2.5.29.21', Buffer.from('text'))));
unusable('with an entry without a date', 'structure', { revoked: [sequence(integer(9))] });
unusable('with an entry whose date has no seconds', 'time', {
  revoked: [sequence(integer(9), tlv(0x17, Buffer.from('2501010000Z')))],
});
unusable('with an entry whose date has letters', 'time', {
  revoked: [sequence(integer(9), tlv(0x17, Buffer.from('2501O1000000Z')))],
});
unusable('with an entry whose number has a superfluous zero', 'der', { revoked: [revokedEntry(Buffer.from([0, 9]))] });
unusable('with an entry whose number is 256 octets long', 'structure', { revoked: [revokedEntry(Buffer.alloc(256, 1))] });
unusable('with a member too many in an entry', 'structure', {
  revoked: [sequence(integer(9), tlv(0x17, Buffer.from('250101000000Z')), sequence(extension.of('1.2.3', NULL)), NULL)],
});

usable('that names others', { revoked: [revokedEntry(Buffer.from([9]))] });
usable('with an empty list of entries', { revoked: [] });
usable('with number 0', { number: 0 });
usable('without its key identifier', { extensions: [crlNumber(1)] });
usable('that ends in a second', { nextUpdate: NOW + 1 });
usable('that begins now', { thisUpdate: NOW });
usable('with an unknown extension', { more: [extension.of('1.2.3', NULL)] });
usable('with dates from 2050 on', { nextUpdate: Date.UTC(2051, 0) / 1000 });
usable('of end entities', scope(tlv(0x81, TRUE)));
usable('with a reason and an invalidity date', {
  revoked: [
    revokedEntry(
      Buffer.from([9]),
      extension.of('2.5.29.21', tlv(0x0a, Buffer.from([1]))),
      extension.of('2.5.29.24', tlv(0x18, Buffer.from('20250101000000Z'))),
    ),
  ],
});

t.test('PV-SEC-053 a list of the point that the certificate names is an answer', async (t) => {
  const point = fullName(uri('http://ca.example.no/1.crl'));
  const withPoints = (...points: readonly Buffer[]) =>
    makeLeaf(issuing, { extensions: [...leafExtensions(), extension.of('2.5.29.31', sequence(...points))] });
  const list = makeList(issuing, scope(point));
  const outcome = (leaf: Buffer) => judge([rootsList, list], [leaf, issuing.der])?.met;
  t.equal(outcome(withPoints(sequence(fullName(uri('http://ca.example.no/0.crl'))), sequence(point))), undefined);
  t.match(
    outcome(withPoints(sequence(point, tlv(0x81, Buffer.from([6, 0x40]))))),
    /crl_scope/,
    'not when it is for some reasons',
  );
  t.match(outcome(withPoints(sequence(point, tlv(0xa2, tlv(0xa4, root.name))))), /crl_scope/, 'nor when another issuer has it');
  t.match(outcome(withPoints(sequence(tlv(0xa0, tlv(0xa1, sequence(oid('2.5.4.3'), NULL)))))), /crl_scope/);
});

t.test('PV-SEC-054 what is kept of a list holds on to nothing of its file', async (t) => {
  const point = fullName(uri('http://ca.example.no/1.crl'));
  const entries = Array.from({ length: 4_000 }, () => revokedEntry(randomBytes(16).fill(0x40, 0, 1)));
  const file = makeList(issuing, { revoked: entries, ...scope(point) });
  const { issuer, number, scope: kept } = openList(readCrl(file), readCertificate(issuing.der));
  for (const octets of [issuer, number, ...(kept.names ?? [])])
    t.not(octets.buffer, file.buffer, 'or a thread hands all of it over');
  t.same(kept.names, [uri('http://ca.example.no/1.crl')]);
});

t.test('PV-SEC-054 the thread that reads a list gives way to the server, whose own priority stays', async (t) => {
  const before = getPriority();
  const file = join(t.testdir(), 'list.crl');
  writeFileSync(file, makeList(issuing, { revoked: [revokedEntry(Buffer.from([9]))] }));
  t.equal((await loadList(file, issuing.der)).revoked.count, 1);
  t.equal(getPriority(), before);
});

t.test('PV-SEC-054 what is not signed yet is not made into millions of values', async (t) => {
  const list = makeList(issuing, { issuer: sequence(...Array<Buffer>(40_000).fill(NULL)) });
  t.throws(() => readCrl(list), /^der: a value of \d+ octets where none is so long/);
});

t.test('PV-SEC-053 an issuer whose key may not sign revocation lists gives no answer', async (t) => {
  const ca = makeIssuing(root, 'certificates alone', { extensions: [extension.ca(), extension.keyUsage(5)] });
  const refusal = judge([rootsList, makeList(ca)], [makeLeaf(ca), ca.der]);
  t.match(refusal?.message, /^revocation: certificate 1: crl_issuer: /);
  const silent = makeIssuing(root, 'without key usage', { extensions: [extension.ca()] });
  t.equal(judge([rootsList, makeList(silent)], [makeLeaf(silent), silent.der]), undefined, 'one without key usage does');
});

t.test('PV-SEC-056 every certificate below the anchor needs an answer of its own', async (t) => {
  t.match(judge([])?.message, 'revocation: certificate 2: no list of its issuer');
  t.match(judge([makeList(issuing)])?.message, 'revocation: certificate 2: no list of its issuer');
  t.match(judge([rootsList])?.message, 'revocation: certificate 1: no list of its issuer');
  t.equal(judge([rootsList, makeList(issuing)]), undefined);
  t.equal(judge([makeList(issuing), rootsList], [valid, issuing.der, root.der]), undefined, 'the anchor itself needs none');
});

t.test('PV-SEC-056 a revoked certificate is refused wherever in the path it stands', async (t) => {
  const leaf = [revokedEntry(serialOf(valid))];
  const ca = [revokedEntry(serialOf(issuing.der))];
  t.equal(judge([rootsList, makeList(issuing, { revoked: leaf })])?.message, 'revoked: certificate 1');
  t.equal(judge([makeList(root, { revoked: ca }), makeList(issuing)])?.message, 'revoked: certificate 2');
  t.equal(
    judge([makeList(root, { revoked: leaf }), makeList(issuing, { revoked: ca })]),
    undefined,
    'numbers are the issuer’s own',
  );
});

t.test('PV-SEC-053 on hold and removed from a list count as listed, and one fresh list that names it is enough', async (t) => {
  const withReason = (reason: number) =>
    revokedEntry(serialOf(valid), extension.of('2.5.29.21', tlv(0x0a, Buffer.from([reason]))));
  const good = makeList(issuing);
  for (const reason of [6, 8]) t.equal(judge([rootsList, makeList(issuing, { revoked: [withReason(reason)] })])?.rule, 'revoked');
  const named = { revoked: [withReason(1)] };
  for (const lists of [
    [good, makeList(issuing, named)],
    [makeList(issuing, named), good],
    [good, makeList(issuing, { ...named, more: [extension.of('2.5.29.27', integer(1), true)] })],
    [good, makeList(issuing, { ...named, ...scope(tlv(0x83, Buffer.from([6, 0x40]))) })],
  ]) {
    t.equal(judge([rootsList, ...lists])?.rule, 'revoked');
  }
  t.equal(
    judge([rootsList, good, makeList(issuing, { ...named, nextUpdate: NOW })]),
    undefined,
    'one that has ended says nothing',
  );
});

t.test('PV-SEC-053 a list is signed by another key of the same name only where that key stands in the path', async (t) => {
  const renewed = makeIssuing(issuing, 'issuing renewed', { subject: issuing.name, extensions: CA_EXTENSIONS });
  const chain = [makeLeaf(renewed), renewed.der, issuing.der];
  const lists = [rootsList, makeList(issuing)];
  t.equal(judge(lists, chain), undefined, 'the key that certified the new one');
  t.equal(
    judge([rootsList, makeList(issuing, { revoked: [revokedEntry(serialOf(chain[0] ?? valid))] })], chain)?.rule,
    'revoked',
  );
  const sibling = makeIssuing(root, 'sibling', { subject: issuing.name, extensions: CA_EXTENSIONS });
  t.match(judge([rootsList, makeList(sibling)])?.message, /^revocation: certificate 1: crl_issuer: /);
});

t.test('PV-SEC-053 no octet of a list can be flipped, left out or doubled, and none cut off', async (t) => {
  const list = makeList(issuing, { revoked: [revokedEntry(serialOf(valid)), revokedEntry(Buffer.from([9]))] });
  const issuer = readCertificate(issuing.der);
  const outcome = (der: Buffer) => attempt(() => openList(readCrl(der), issuer));
  t.equal(outcome(list) instanceof Refusal, false);
  for (let place = 0; place < list.length; place++) {
    const flipped = Buffer.from(list);
    flipped[place] = (flipped[place] ?? 0) ^ (1 << (place % 8));
    const shorter = Buffer.concat([list.subarray(0, place), list.subarray(place + 1)]);
    const longer = Buffer.concat([list.subarray(0, place + 1), list.subarray(place)]);
    for (const mutant of [flipped, list.subarray(0, place), shorter, longer]) {
      if (!mutant.equals(list) && !(outcome(mutant) instanceof Refusal)) t.fail(`octet ${place}`);
    }
  }
});

t.test('PV-SEC-054 a list of 100,000 entries is read whole, and each of them is found', async (t) => {
  const serials = Array.from({ length: 100_000 }, (_, n) =>
    Buffer.concat([Buffer.from([0x40 | (n & 0x3f)]), randomBytes(n % 20)]),
  );
  const entries = Buffer.concat(serials.map((serial) => revokedEntry(serial)));
  const table = readRevoked(tlv(0x30, entries));
  t.equal(table.count, new Set(serials.map((serial) => serial.toString('hex'))).size);
  t.ok(serials.every((serial) => hasSerial(table, serial)));
  t.notOk(hasSerial(table, Buffer.from([9])));
  t.notOk(hasSerial(table, EMPTY));
  t.ok(table.octets.length + table.slots.byteLength < 40 * serials.length, 'in less than 40 octets each');
});

t.test('PV-SEC-041 the signature of a list is of whole octets', async (t) => {
  const der = sequence(sequence(), sequence(oid('1.2.3')), bitString(Buffer.from([0xfe]), 1));
  t.throws(() => readCrl(der), /^structure: /);
});
