import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { certificateId, readStatus, statusRequest } from '../../keys/x509/ocsp.ts';
import { attempt, Refusal, type Rule } from '../../keys/x509/refusal.ts';
import { integer, NULL, octetString, oid, sequence, tlv } from './encode.ts';
import { type AnswerOrder, answer, explicit, GOOD, generalized, ID, none, question, REVOKED } from './ocsp-answer.ts';
import { commonName, enterprise, extension, key, makeLeaf, NOW, spki } from './pki.ts';
import { issuing, root, valid } from './refuses.ts';

/** What responders answer about a certificate, and when it counts. RFC 6960, `PV-SEC-055` */

/** A certificate of somebody whom the issuer has charged with answering. */
function delegate(order: Parameters<typeof makeLeaf>[1] = {}, above = issuing): Buffer {
  return makeLeaf(above, {
    subject: commonName('responder'),
    key: key('responder'),
    extensions: [extension.keyUsage(0), extension.extendedKeyUsage('1.3.6.1.5.5.7.3.9')],
    ...order,
  });
}

const delegated = (certificate = delegate()): AnswerOrder => ({
  signer: key('responder'),
  responder: explicit(1, commonName('responder')),
  certificates: [certificate],
});

function refuses(sentence: string, rule: Rule, order: AnswerOrder | (() => Buffer)): void {
  t.test(`PV-SEC-055 refuses ${sentence}, by ${rule}`, async (t) => {
    const outcome = attempt(() => readStatus(typeof order === 'function' ? order() : answer(order), question, NOW));
    t.ok(outcome instanceof Refusal && outcome.rule === rule, outcome instanceof Refusal ? outcome.message : 'accepted');
  });
}

function takes(sentence: string, order: AnswerOrder, isRevoked = false): void {
  t.test(`PV-SEC-055 takes ${sentence}`, async (t) => {
    t.match(readStatus(answer(order), question, NOW), { isRevoked });
  });
}

const keyHash = (own: KeyObject): Buffer =>
  octetString(
    createHash('sha1')
      .update(readCertificate(makeLeaf(issuing, { key: spki(own) })).publicKey.key)
      .digest(),
  );
const [hash = none, ...rest] = [sequence(oid('2.16.840.1.101.3.4.2.1'), NULL), ID.subarray(2 + 13)];

takes('the issuer’s own answer', {});
takes('that a certificate is revoked', { status: REVOKED }, true);
takes('that a certificate is revoked from an answer that says both, whichever comes first', { again: REVOKED }, true);
takes('that a certificate is revoked from an answer that says it is good, too', { status: REVOKED, again: GOOD }, true);
takes('an answer that names its signer by its key', { responder: explicit(2, keyHash(issuing.key)) });
takes('an answer of whom the issuer has charged with it', delegated());
takes('the algorithm of the question with a NULL', { id: sequence(hash, ...rest) });
takes('extensions that are not critical', {
  extensions: [extension.of('1.2.3', NULL)],
  singleExtensions: [extension.of('1.2.4', NULL)],
});

refuses('a response status that is no success', 'ocsp', { responseStatus: 6 });
refuses('a response of another type', 'ocsp', { type: '1.2.3' });
refuses('another version', 'ocsp', { version: explicit(0, integer(1)) });
refuses('an answer about another certificate', 'ocsp', {
  id: certificateId({ ...question.certificate, serialNumber: Buffer.from([9]) }, question.issuer),
});
refuses('an answer about a certificate of another issuer', 'ocsp', {
  id: certificateId(question.certificate, readCertificate(root.der)),
});
refuses('unknown', 'ocsp', { status: tlv(0x82) });
refuses('a status with something in it', 'ocsp', { status: tlv(0x80, Buffer.from([1])) });
refuses('an answer that was made in the future', 'ocsp', { producedAt: NOW + 1 });
refuses('an answer that has not begun', 'ocsp', { thisUpdate: NOW + 1 });
refuses('an answer that ends now', 'ocsp', { nextUpdate: explicit(0, generalized(NOW)) });
refuses('an answer without an end', 'ocsp', { nextUpdate: none });
refuses('a wrong signature', 'ocsp', { digest: 'sha384' });
refuses('a signature with SHA-1', 'signature_algorithm', { algorithm: sequence(oid('1.2.840.10045.4.1')), digest: 'sha1' });
refuses('a stranger in the issuer’s name', 'ocsp', { signer: key('forger') });
refuses('a signer that is not there', 'ocsp', { ...delegated(), certificates: [] });
refuses('a signer that somebody else has charged', 'ocsp', delegated(delegate({}, root)));
refuses('a signer in the issuer’s name that a forger has charged', 'ocsp', delegated(delegate({ signer: key('forger') })));
refuses('a signer without the purpose', 'ocsp', delegated(delegate({ extensions: [extension.keyUsage(0)] })));
refuses(
  'a signer whose key may not sign',
  'ocsp',
  delegated(delegate({ extensions: [extension.keyUsage(2), extension.extendedKeyUsage('1.3.6.1.5.5.7.3.9')] })),
);
refuses('a signer with an Ed25519 key, which is off', 'key_policy', delegated(delegate({ key: key('edwards', 'Ed25519') })));
refuses('a signer that has ended', 'ocsp', delegated(delegate({ notAfter: NOW - 1 })));
refuses('a signer with a short key', 'key_policy', {
  ...delegated(delegate({ key: key('short', 1024) })),
  signer: key('short', 1024),
});
refuses('an enterprise that answers for itself', 'ocsp', {
  signer: key('leaf', 2048),
  responder: explicit(1, enterprise()),
  certificates: [valid],
});
refuses('a critical extension', 'critical_extension', { extensions: [extension.of('1.2.3', NULL, true)] });
refuses('a critical extension of the one answer', 'critical_extension', {
  singleExtensions: [extension.of('1.2.3', NULL, true)],
});
refuses('octets after the answer', 'der', () => Buffer.concat([answer(), Buffer.alloc(1)]));
refuses('an answer that is too large', 'ocsp', () => Buffer.alloc(40_000));

t.test('PV-SEC-055 no octet of an answer can be flipped, left out or doubled, and none cut off', async (t) => {
  const good = answer();
  for (let place = 0; place < good.length; place++) {
    const flipped = Buffer.from(good);
    flipped[place] = (flipped[place] ?? 0) ^ (1 << (place % 8));
    const shorter = Buffer.concat([good.subarray(0, place), good.subarray(place + 1)]);
    const longer = Buffer.concat([good.subarray(0, place + 1), good.subarray(place)]);
    for (const mutant of [flipped, good.subarray(0, place), shorter, longer]) {
      const outcome = attempt(() => readStatus(mutant, question, NOW));
      if (!mutant.equals(good) && !(outcome instanceof Refusal)) t.fail(`octet ${place}`);
    }
  }
});

const skip = spawnSync('openssl', ['version']).error === undefined ? false : 'the openssl command is not installed';

t.test('RFC 6960 the openssl command understands what we ask, and we what it answers', { skip }, async (t) => {
  const folder = t.testdir();
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const pem = (der: Buffer) => `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  const serial = question.certificate.serialNumber.toString('hex').toUpperCase();
  const ca = file('ca.pem', pem(issuing.der));
  const respond = (state: string, more: string) =>
    execFileSync(
      'openssl',
      [
        'ocsp',
        ...['-index', file('index.txt', `${state}\t400101000000Z\t${more}\t${serial}\tunknown\t/CN=a\n`)],
        ...['-CA', ca, '-rsigner', ca, '-rkey', file('key.pem', issuing.key.export({ type: 'pkcs8', format: 'pem' }))],
        ...['-reqin', file('request.der', statusRequest(question.certificate, question.issuer))],
        ...['-respout', join(folder, 'answer.der'), '-ndays', '1', '-noverify'],
      ],
      { stdio: 'pipe' },
    );
  const now = Math.floor(Date.now() / 1000) + 5;
  respond('V', '');
  t.match(readStatus(readFileSync(join(folder, 'answer.der')), question, now), { isRevoked: false });
  respond('R', '250101000000Z');
  t.match(readStatus(readFileSync(join(folder, 'answer.der')), question, now), { isRevoked: true });
});
