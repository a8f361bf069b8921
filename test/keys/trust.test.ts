import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Refusal, RULES, type Rule } from '../../keys/x509/refusal.ts';
import { createCertificates, readTrustFile } from '../../keys/x509/trust.ts';
import type { CertificateVerdict, TrustEntry } from '../../server/core/ports.ts';
import { NULL, oid, sequence } from './encode.ts';
import {
  commonName,
  DAY,
  entry,
  extension,
  key,
  leafExtensions,
  makeIssuing,
  makeLeaf,
  makeRoot,
  NOW,
  ORGANIZATION,
} from './pki.ts';
import { CA_EXTENSIONS, issuing, root, trust, valid } from './refuses.ts';

const HOUR = 3600;
const create = (entries: readonly TrustEntry[] = trust) => createCertificates(entries, { environment: 'test' });

/** The verdict, or the rule that was broken. */
async function outcome(judged: Promise<CertificateVerdict>): Promise<CertificateVerdict | string> {
  return judged.catch((error) => String(error.circumstances?.detail ?? error).split(':')[0] ?? '');
}

/** The rule that an action breaks. */
function refusal(action: () => unknown): Refusal {
  try {
    action();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('not refused');
}

t.test('security §3 a good verdict is kept for an hour by the exact chain', async (t) => {
  const certificates = create();
  const first = await certificates.judge([valid], NOW);
  t.equal(await certificates.judge([Buffer.from(valid)], NOW + HOUR), first, 'the very same');
  t.not(await certificates.judge([valid, issuing.der], NOW), first, 'another chain of the same leaf is judged by itself');
  t.equal(
    await outcome(certificates.judge([Buffer.concat([valid, issuing.der])], NOW)),
    'der',
    'and so are its octets in one piece',
  );
  t.equal(await outcome(certificates.judge([valid], NOW - 31 * DAY)), 'not_yet_valid', 'and a moment before the verdict');
  t.not(await certificates.judge([valid], NOW + HOUR + 1), first, 'found out again after an hour');
});

t.test('security §3 a good verdict never outlives a certificate of its path', async (t) => {
  const certificates = create();
  const leaf = makeLeaf(issuing, { notAfter: NOW + 100 });
  const ca = makeIssuing(root, 'short-lived', { notAfter: NOW + 100 });
  for (const chain of [[leaf], [makeLeaf(ca), ca.der]]) {
    t.match(await outcome(certificates.judge(chain, NOW)), { organization: ORGANIZATION });
    t.match(await outcome(certificates.judge(chain, NOW + 100)), { organization: ORGANIZATION });
    t.equal(await outcome(certificates.judge(chain, NOW + 101)), 'expired');
  }
});

t.test('security §3 a refusal is kept for a minute', async (t) => {
  const certificates = create();
  const leaf = makeLeaf(issuing, { notBefore: NOW + 10 });
  t.equal(await outcome(certificates.judge([leaf], NOW)), 'not_yet_valid');
  t.equal(await outcome(certificates.judge([leaf], NOW + 60)), 'not_yet_valid');
  t.match(await outcome(certificates.judge([leaf], NOW + 61)), { organization: ORGANIZATION });
});

t.test('security §3 garbage pushes no good verdict out', async (t) => {
  const certificates = create();
  const first = await certificates.judge([valid], NOW);
  for (let n = 0; n < 12_000; n++) await outcome(certificates.judge([Buffer.from(`garbage ${n}`)], NOW));
  t.equal(await certificates.judge([valid], NOW), first);
});

t.test('PV-SEC-048 a change of anchors takes effect at once, for chains that are known, too', async (t) => {
  const certificates = create();
  await certificates.judge([valid], NOW);
  certificates.reload([entry('anchor', makeRoot('another').der)]);
  t.equal(await outcome(certificates.judge([valid], NOW)), 'trust_anchor');
  certificates.reload(trust);
  t.match(await outcome(certificates.judge([valid], NOW)), { organization: ORGANIZATION });
});

t.test('PV-SEC-048 a change that cannot be loaded changes nothing', async (t) => {
  const certificates = create();
  t.equal(refusal(() => certificates.reload([entry('anchor', valid)])).rule, 'not_a_ca');
  t.match(await outcome(certificates.judge([valid], NOW)), { organization: ORGANIZATION });
});

const unusable: readonly [string, Rule, TrustEntry][] = [
  ['PV-SEC-052 an entry of the other environment', 'environment', entry('anchor', root.der, { environment: 'production' })],
  ['an entry with an unknown profile', 'profile', entry('anchor', root.der, { profile: 'unheard-of' })],
  ['PV-SEC-039 an entry that is no certificate', 'der', entry('anchor', Buffer.from('text'))],
  ['PV-SEC-044 a leaf as an anchor', 'not_a_ca', entry('anchor', valid)],
  ['PV-SEC-044 a leaf as an intermediate', 'not_a_ca', entry('intermediate', valid)],
  ['PV-SEC-013 an anchor with a short key', 'key_policy', entry('anchor', makeRoot('root', { key: key('short', 1024) }).der)],
  [
    'PV-SEC-042 an anchor signed with SHA-1',
    'signature_algorithm',
    entry('anchor', makeRoot('root', { algorithm: sequence(oid('1.2.840.10045.4.1')), digest: 'sha1' }).der),
  ],
  [
    'PV-SEC-043 an anchor with an unknown critical extension',
    'critical_extension',
    entry('anchor', makeRoot('root', { extensions: [...CA_EXTENSIONS, extension.of('1.2.3', NULL, true)] }).der),
  ],
  [
    'PV-SEC-046 an anchor with name constraints',
    'constraints',
    entry('anchor', makeRoot('root', { extensions: [...CA_EXTENSIONS, extension.of('2.5.29.30', sequence(), true)] }).der),
  ],
];
for (const [title, rule, one] of unusable) {
  t.test(`${title} is refused when it is loaded, by its id`, async (t) => {
    const { rule: broken, message } = refusal(() => create([...trust, { ...one, id: 'the-odd-one' }]));
    t.equal(broken, rule);
    t.match(message, /trust entry the-odd-one/);
  });
}

t.test('PV-SEC-048 an anchor that has ended is loaded, and validates nothing', async (t) => {
  const ended = makeRoot('root', { notAfter: NOW - DAY });
  const certificates = create([entry('anchor', ended.der), entry('intermediate', issuing.der)]);
  t.equal(await outcome(certificates.judge([valid], NOW)), 'expired');
});

t.test('thirty configured CAs of one name that sign for each other neither hang nor help a stranger', async (t) => {
  const others = Array.from({ length: 30 }, (_, n) => {
    const above = { der: issuing.der, name: commonName('same'), key: key(`same ${(n + 1) % 30}`) };
    return makeIssuing(above, `same ${n}`, { subject: commonName('same'), extensions: CA_EXTENSIONS });
  });
  const certificates = create([entry('anchor', root.der), ...others.map(({ der }) => entry('intermediate', der))]);
  const [below] = others;
  t.equal(below && (await outcome(certificates.judge([makeLeaf(below)], NOW))), 'trust_anchor');
});

t.test('a hundred configured anchors and an intermediate below the last are all found', async (t) => {
  const roots = Array.from({ length: 100 }, (_, n) =>
    makeRoot(`root ${n % 5}`, { subject: commonName(`root ${n}`), issuer: commonName(`root ${n}`) }),
  );
  const [last = root] = roots.slice(-1);
  const ca = makeIssuing({ ...last, key: key('root 4') }, 'ca');
  const certificates = create([...roots.map(({ der }) => entry('anchor', der)), entry('intermediate', ca.der)]);
  t.match(await outcome(certificates.judge([makeLeaf(ca)], NOW)), { organization: ORGANIZATION });
});

t.test('security §3 no chain takes more than 20 ms: five certificates with the largest keys, of one name', async (t) => {
  const large = [1, 2, 3, 4].map(() => key('large', 4096));
  const [signer = key()] = large;
  const same = { der: Buffer.alloc(0), name: commonName('same'), key: signer };
  const order = { key: signer, subject: same.name, extensions: CA_EXTENSIONS };
  const chain = [makeLeaf(same, { extensions: leafExtensions() }), ...large.map(() => makeIssuing(same, 'same', order).der)];
  const anchors = Array.from({ length: 10 }, () => entry('anchor', makeRoot('same', { ...order, signer }).der));
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const certificates = create(anchors);
    const begin = process.cpuUsage();
    t.equal(await outcome(certificates.judge(chain, NOW)), 'trust_anchor', 'roots of our own key, but not ours');
    times.push(process.cpuUsage(begin).user / 1000);
  }
  t.ok(Math.min(...times) < 20, `${Math.min(...times)} ms`);
});

const pem = (der: Buffer, label = 'CERTIFICATE'): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`;

t.test('a trust file is one CA certificate, as DER or PEM, with text around it if need be', async (t) => {
  t.same(readTrustFile(root.der), root.der);
  t.same(readTrustFile(Buffer.from(pem(root.der))), root.der);
  t.same(readTrustFile(Buffer.from(pem(root.der).replaceAll('\n', '\r\n'))), root.der);
  t.same(readTrustFile(Buffer.from(`Subject: root, Prøve\n\n${pem(root.der)}\n# end\n`)), root.der);
});

const files: readonly [string, Rule, string | Buffer][] = [
  ['two certificates', 'file', pem(root.der) + pem(issuing.der)],
  ['a certificate with its private key', 'file', pem(root.der) + pem(Buffer.from('key'), 'PRIVATE KEY')],
  ['a private key', 'file', pem(Buffer.from('key'), 'PRIVATE KEY')],
  ["OpenSSL's trusted certificate", 'file', pem(root.der, 'TRUSTED CERTIFICATE')],
  ['a block that does not end', 'file', pem(root.der).replace(/-----END.*/s, '')],
  ['a block that is not base64', 'file', pem(root.der).replace('M', '*')],
  ['a block without content', 'file', pem(Buffer.alloc(0))],
  ['nothing', 'der', Buffer.alloc(0)],
  ['DER with something after it', 'der', Buffer.concat([root.der, Buffer.from('\n')])],
  ['a leaf', 'not_a_ca', pem(valid)],
];
for (const [title, rule, content] of files) {
  t.test(`a trust file that holds ${title} is refused: ${rule}`, async (t) => {
    t.equal(refusal(() => readTrustFile(Buffer.from(content))).rule, rule);
  });
}

t.test('every rule has a test that breaks it', async (t) => {
  const sources = [import.meta.dirname, join(import.meta.dirname, '../cli')].flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => readFileSync(join(folder, file), 'utf8')),
  );
  const text = sources.join();
  t.same(
    Object.keys(RULES).filter((rule) => !text.includes(`'${rule}'`)),
    [],
  );
});
