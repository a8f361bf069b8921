import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import t from 'tap';
import {
  currentValidity,
  enterpriseSubject,
  issue,
  makeKeyPair,
  makeTestCa,
  pastValidity,
  personSubject,
} from '../../fixtures/test-ca.ts';
import { createCertificates } from '../../keys/x509/trust.ts';
import { entry, NOW, ORGANIZATION } from './pki.ts';

/** Certificates as libraries that nobody here wrote make them: what we refuse must not be refused because we misread. */

t.test('a chain that node-forge made is accepted, and its faults are refused', async (t) => {
  const { root, issuing } = await makeTestCa({ now: NOW });
  const { publicKey } = await makeKeyPair();
  const subject = enterpriseSubject({ orgno: ORGANIZATION, name: 'Eksempel Bygg AS' });
  const order = { subject, publicKey, ...currentValidity(NOW) };
  const anchors = [entry('anchor', root.certificate.der), entry('intermediate', issuing.certificate.der)];
  const certificates = createCertificates(anchors, { environment: 'test' });
  const good = issue(issuing, order).der;
  const verdict = { organization: ORGANIZATION, subject: 'Eksempel Bygg AS', key: { jwk: publicKey.export({ format: 'jwk' }) } };
  t.match(await certificates.judge([good], NOW), verdict);
  t.match(await certificates.judge([good, issuing.certificate.der, root.certificate.der], NOW), verdict);
  const refused = (der: Buffer, detail: RegExp) =>
    t.rejects(certificates.judge([der], NOW), { code: 'MP-120', circumstances: { detail } });
  await refused(issue(issuing, { ...order, ...pastValidity(NOW) }).der, /^expired: /);
  await refused(issue(issuing, { ...order, subject: personSubject('Kari Eksempel') }).der, /^organization: /);
  await refused(issue((await makeTestCa({ now: NOW })).issuing, order).der, /^(key_id_link|signature): /);
});

const alg = {
  P256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  P384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
};
const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 };
const validity = { notBefore: new Date((NOW - 86_400) * 1000), notAfter: new Date((NOW + 86_400) * 1000) };

async function pair(algorithm: typeof rsa | (typeof alg)['P256']): Promise<webcrypto.CryptoKeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  if (!('privateKey' in keys)) throw new Error('no pair of keys');
  return keys;
}

for (const [title, rootAlgorithm, caAlgorithm] of [
  ['P-256', alg.P256, alg.P256],
  ['P-384 above P-256', alg.P384, alg.P256],
  ['RSA with SHA-512 above P-384', rsa, alg.P384],
] as const) {
  t.test(`PV-SEC-042 a chain that @peculiar/x509 made on ${title} is accepted`, async (t) => {
    const [rootKeys, caKeys, leafKeys] = await Promise.all([pair(rootAlgorithm), pair(caAlgorithm), pair(rsa)]);
    const authority = [
      new x509.BasicConstraintsExtension(true, 2, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ];
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      ...validity,
      name: 'C=NO, CN=Rot',
      keys: rootKeys,
      signingAlgorithm: rootAlgorithm,
      extensions: [...authority, await x509.SubjectKeyIdentifierExtension.create(rootKeys.publicKey)],
    });
    const ca = await x509.X509CertificateGenerator.create({
      ...validity,
      subject: 'C=NO, CN=Utsteder',
      issuer: root.subject,
      publicKey: caKeys.publicKey,
      signingKey: rootKeys.privateKey,
      signingAlgorithm: rootAlgorithm,
      extensions: [
        ...authority,
        await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(rootKeys.publicKey),
      ],
    });
    const leaf = await x509.X509CertificateGenerator.create({
      ...validity,
      subject: `C=NO, O=Eksempel Bygg AS, 2.5.4.97=NTRNO-${ORGANIZATION}, CN=Eksempel Bygg AS`,
      issuer: ca.subject,
      publicKey: leafKeys.publicKey,
      signingKey: caKeys.privateKey,
      signingAlgorithm: caAlgorithm,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        new x509.CertificatePolicyExtension(['2.16.578.1.26.1.3.2']),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'eksempel.no' }]),
        await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
      ],
    });
    const der = (certificate: x509.X509Certificate) => Buffer.from(certificate.rawData);
    const certificates = createCertificates([entry('anchor', der(root))], { environment: 'test' });
    t.match(await certificates.judge([der(leaf), der(ca)], NOW), { organization: ORGANIZATION, key: { jwk: { kty: 'RSA' } } });
  });
}
