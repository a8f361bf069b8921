import t from 'tap';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { createTrust, validatePath } from '../../keys/x509/chain.ts';
import { createCertificates } from '../../keys/x509/trust.ts';
import { bitString, integer, NULL, oid, printable, sequence, tlv } from './encode.ts';
import {
  commonName,
  DAY,
  enterprise,
  entry,
  extension,
  key,
  keyId,
  leafExtensions,
  leafKey,
  makeIssuing,
  makeLeaf,
  makeRoot,
  NOW,
  name,
  OID,
  ORGANIZATION,
  organizationIdentifier,
  RSA_SHA256,
} from './pki.ts';
import {
  accepts,
  below,
  CA_EXTENSIONS,
  type Chain,
  issuing,
  leaf,
  refuses,
  root,
  trust,
  valid,
  withExtension,
} from './refuses.ts';

/** How certificates have to stand below each other. RFC 5280 §6.1 */

/** Somebody else's root that calls itself as ours does, down to its key identifier. */
const impostor = makeRoot('impostor', {
  subject: commonName('root'),
  issuer: commonName('root'),
  extensions: [...CA_EXTENSIONS, extension.subjectKeyId(keyId(root.key))],
});

/** A whole chain below somebody else's root. */
const strangers =
  (theirs = makeRoot('stranger')): Chain =>
  () => {
    const ca = makeIssuing(theirs, 'their issuing', { extensions: CA_EXTENSIONS });
    return [makeLeaf(ca), ca.der, theirs.der];
  };

/** A certificate issued by an enterprise's certificate. */
const belowLeaf: Chain = () => {
  const thief = { name: enterprise(organizationIdentifier(`NTRNO-${ORGANIZATION}`)), key: key('thief') };
  const der = makeLeaf(issuing, { key: thief.key, extensions: leafExtensions() });
  return [makeLeaf({ ...thief, der }, { extensions: leafExtensions() }), der];
};

/** A leaf below two issuing CAs, the upper of which has these constraints on what is below it. */
const belowTwo =
  (constraints: Buffer): Chain =>
  () => {
    const upper = makeIssuing(root, 'upper', { extensions: [constraints, extension.keyUsage(5)] });
    const lower = makeIssuing(upper, 'lower', { extensions: CA_EXTENSIONS });
    return [makeLeaf(lower), lower.der, upper.der];
  };

/** The valid leaf with another number of the same length. */
const renumbered: Chain = () => {
  const at = valid.indexOf(ORGANIZATION);
  return [Buffer.concat([valid.subarray(0, at), Buffer.from('310555045'), valid.subarray(at + ORGANIZATION.length)])];
};

refuses(
  'PV-SEC-043 refuses an unknown critical extension in the leaf',
  'critical_extension',
  withExtension(extension.of('1.2.3', NULL, true)),
);
refuses(
  'PV-SEC-043 refuses an unknown critical extension in an issuing CA',
  'critical_extension',
  below({ extensions: [...CA_EXTENSIONS, extension.of('1.2.3', NULL, true)] }),
);
refuses(
  'PV-SEC-043 refuses a critical subject alternative name, which nobody here reads',
  'critical_extension',
  withExtension(extension.of('2.5.29.17', sequence(tlv(0x82, Buffer.from('a.no'))), true)),
);
refuses(
  'PV-SEC-043 refuses a critical authority information access',
  'critical_extension',
  withExtension(extension.of('1.3.6.1.5.5.7.1.1', sequence(), true)),
);
// PV-SEC-044
refuses('PV-SEC-044 refuses a leaf one second after its end', 'expired', () => [valid], { now: NOW + 30 * DAY + 1 });
refuses('PV-SEC-044 refuses a leaf one second before its beginning', 'not_yet_valid', () => [valid], { now: NOW - 30 * DAY - 1 });
refuses('PV-SEC-044 refuses a valid leaf below an issuing CA that has ended', 'expired', below({ notAfter: NOW - 1 }));
refuses('PV-SEC-044 refuses a valid leaf below an issuing CA that has not begun', 'not_yet_valid', below({ notBefore: NOW + 1 }));
refuses('PV-SEC-044 refuses a valid leaf below a configured issuing CA that has ended', 'expired', () => [valid], {
  trust: [entry('anchor', root.der), entry('intermediate', makeIssuing(root, 'issuing', { notAfter: NOW - 1 }).der)],
});
refuses('PV-SEC-044 refuses an issuer without basicConstraints', 'not_a_ca', below({ extensions: [extension.keyUsage(5, 6)] }));
refuses(
  'PV-SEC-044 refuses an issuer without the CA flag',
  'not_a_ca',
  below({ extensions: [extension.of('2.5.29.19', sequence(), true)] }),
);
refuses(
  'PV-SEC-044 refuses an issuer whose key may not sign certificates',
  'not_a_ca',
  below({ extensions: [extension.ca(), extension.keyUsage(0, 6)] }),
);
refuses('PV-SEC-044 refuses a leaf as an issuer', 'not_a_ca', belowLeaf);
refuses('PV-SEC-044 refuses a CA more than a path length of 0 allows', 'path_length', belowTwo(extension.ca(0)));
refuses('PV-SEC-044 holds the path length of the anchor, too', 'path_length', below({}), {
  trust: [entry('anchor', makeRoot('root', { extensions: [extension.ca(0), extension.keyUsage(5)] }).der)],
  now: NOW,
});
refuses(
  'RFC 5280 §4.2.1.9 refuses a path length on a key that may not sign certificates',
  'not_a_ca',
  leaf({ extensions: [extension.ca(0), extension.keyUsage(0)] }),
);
refuses(
  'RFC 5280 §4.2.1.9 refuses a leaf that says it signs certificates',
  'not_a_ca',
  leaf({ extensions: [extension.keyUsage(0, 5)] }),
);
for (const type of ['2.5.29.30', '2.5.29.33', '2.5.29.36', '2.5.29.54']) {
  refuses(
    `PV-SEC-046 refuses ${type} in an issuing CA`,
    'constraints',
    below({ extensions: [...CA_EXTENSIONS, extension.of(type, sequence(), true)] }),
  );
  refuses(
    `PV-SEC-046 refuses ${type} that is not critical`,
    'constraints',
    below({ extensions: [...CA_EXTENSIONS, extension.of(type, sequence())] }),
  );
  refuses(`PV-SEC-046 refuses ${type} in the leaf`, 'constraints', withExtension(extension.of(type, sequence())));
}
refuses('PV-SEC-040 refuses six certificates', 'path_size', () => Array.from({ length: 6 }, () => valid));
refuses('PV-SEC-040 refuses thirty intermediates of one name', 'path_size', () => [
  valid,
  ...Array.from({ length: 30 }, () => issuing.der),
]);
refuses('PV-SEC-040 refuses no certificate', 'path_size', () => []);
refuses('PV-SEC-047 refuses a chain in the wrong order', 'name_link', () => [issuing.der, valid]);
refuses('PV-SEC-047 refuses the same certificate twice', 'name_link', () => [valid, valid, issuing.der]);
refuses('PV-SEC-047 seeks no path past a certificate that does not belong there', 'name_link', () => [
  valid,
  makeIssuing(root, 'stranger').der,
  issuing.der,
]);
refuses('PV-SEC-047 refuses an issuer name of another string type', 'name_link', () => [
  makeLeaf(issuing, { issuer: name([[OID.commonName, printable('issuing')]]) }),
  issuing.der,
]);
refuses('PV-SEC-047 refuses an issuer name in another case', 'name_link', () => [
  makeLeaf(issuing, { issuer: commonName('Issuing') }),
  issuing.der,
]);
refuses(
  'PV-SEC-047 refuses another authority key identifier',
  'key_id_link',
  withExtension(extension.authorityKeyId(Buffer.from('another'))),
);
refuses("PV-SEC-047 refuses the issuer's own serial number below another issuer of the issuer", 'key_id_link', () => {
  const ca = makeIssuing(root, 'numbered', { serialNumber: tlv(0x02, Buffer.from([7])) });
  const authority = extension.of(
    '2.5.29.35',
    sequence(tlv(0xa1, tlv(0xa4, commonName('another root'))), tlv(0x82, Buffer.from([7]))),
  );
  return [makeLeaf(ca, { extensions: [...leafExtensions(), authority] }), ca.der];
});
refuses(
  'PV-SEC-047 refuses the serial number of another issuer certificate',
  'key_id_link',
  withExtension(extension.of('2.5.29.35', sequence(tlv(0xa1, tlv(0xa4, root.name)), tlv(0x82, Buffer.from([1]))))),
);
refuses('PV-SEC-048 refuses an issuer that is not configured', 'trust_anchor', () => [
  makeLeaf(makeIssuing(makeRoot('stranger'), 'theirs')),
]);
refuses('PV-SEC-048 refuses a whole chain below a root that is not configured', 'trust_anchor', strangers());
refuses(
  'PV-SEC-048 refuses a self-signed leaf',
  'trust_anchor',
  leaf({
    issuer: enterprise(organizationIdentifier(`NTRNO-${ORGANIZATION}`)),
    signer: leafKey(),
    extensions: leafExtensions(),
  }),
);
refuses('PV-SEC-048 refuses everything when nothing is configured', 'trust_anchor', () => [valid, issuing.der], { trust: [] });
refuses('PV-SEC-048 refuses everything below an anchor that has ended', 'expired', () => [valid], {
  trust: [entry('anchor', makeRoot('root', { notAfter: NOW - 1 }).der), entry('intermediate', issuing.der)],
});
refuses('PV-SEC-048 refuses what is below a configured intermediate that another key signed', 'trust_anchor', () => [valid], {
  trust: [entry('anchor', root.der), entry('intermediate', makeIssuing(root, 'issuing', { signer: key('forger') }).der)],
});
refuses('PV-SEC-048 refuses what an intermediate alone certifies', 'trust_anchor', () => [valid], {
  trust: [entry('intermediate', issuing.der)],
});
refuses('PV-SEC-048 refuses an anchor as a leaf', 'trust_anchor', () => [root.der]);
refuses(
  'security §2 refuses a root sent above an issuing CA that is the anchor',
  'trust_anchor',
  () => [valid, issuing.der, root.der],
  { trust: [entry('anchor', issuing.der)] },
);
refuses("security §2 refuses a stranger's root with our root's name", 'signature', () => [valid, issuing.der, impostor.der]);
refuses("security §2 refuses a stranger's whole chain in our names", 'signature', strangers(impostor));
refuses('security §2 refuses a root with the name and key of ours that is another certificate', 'trust_anchor', () => [
  valid,
  issuing.der,
  makeRoot('root').der,
]);
refuses('security §2 refuses a leaf that another key signed', 'signature', leaf({ signer: key('forger') }));
refuses('security §2 refuses an RSA signature algorithm on an EC key', 'signature', leaf({ algorithm: RSA_SHA256 }));
refuses('security §2 refuses another digest than the algorithm says', 'signature', leaf({ digest: 'sha384' }));
refuses('security §2 refuses an issuing CA that another key signed', 'signature', below({ signer: key('forger') }));
refuses('security §2 refuses a changed organisation number', 'signature', renumbered);

const ours = { organization: ORGANIZATION };
const whole: Chain = () => [valid, issuing.der, root.der];
const end = NOW + 30 * DAY;

accepts('security §2 takes a lone leaf, its issuing CA being configured', () => [valid], ours);
accepts('security §2 takes a leaf with its issuing CA', () => [valid, issuing.der], ours);
accepts('security §2 takes a leaf with its issuing CA, nothing but the root being configured', () => [valid, issuing.der], ours, [
  entry('anchor', root.der),
]);
accepts('security §2 takes a whole chain with the root that is configured', whole, ours);
accepts('security §2 takes an issuing CA as the anchor', () => [valid], ours, [entry('anchor', issuing.der)]);
accepts('security §2 takes an issuing CA as the anchor when it is sent', () => [valid, issuing.der], ours, [
  entry('anchor', issuing.der),
]);
accepts('security §2 takes the root above an anchor when it is an anchor, too', whole, ours, [
  entry('anchor', issuing.der),
  entry('anchor', root.der),
]);
accepts(
  'PV-SEC-044 takes a basicConstraints that is not critical',
  below({ extensions: [extension.ca(undefined, false), extension.keyUsage(5)] }),
  ours,
);
accepts('PV-SEC-044 takes an issuer without key usage', below({ extensions: [extension.ca()] }), ours);
accepts('PV-SEC-044 takes as many CAs as the path length allows', belowTwo(extension.ca(1)), ours);
accepts(
  'PV-SEC-044 takes a path length of 0 right above the leaf',
  below({ extensions: [extension.ca(0), extension.keyUsage(5)] }),
  ours,
);
accepts(
  'PV-SEC-044 does not count a CA whose issuer has its own name',
  () => {
    const upper = makeIssuing(root, 'upper', { extensions: [extension.ca(0), extension.keyUsage(5)] });
    const renewed = makeIssuing(upper, 'upper renewed', { subject: upper.name, extensions: CA_EXTENSIONS });
    return [makeLeaf(renewed), renewed.der, upper.der];
  },
  ours,
);
accepts('PV-SEC-047 takes certificates without key identifiers', leaf({ extensions: leafExtensions() }), ours);
accepts(
  "PV-SEC-047 takes the issuer's own issuer and serial number",
  () => {
    const ca = makeIssuing(root, 'numbered', { serialNumber: tlv(0x02, Buffer.from([7])) });
    const authority = extension.of('2.5.29.35', sequence(tlv(0xa1, tlv(0xa4, root.name)), tlv(0x82, Buffer.from([7]))));
    return [makeLeaf(ca, { extensions: [...leafExtensions(), authority] }), ca.der];
  },
  ours,
);

const renewedIssuing = makeIssuing(root, 'issuing', { notAfter: NOW + DAY });
accepts('PV-SEC-048 finds the issuing CA that is valid among two of one name and key', () => [valid], ours, [
  entry('intermediate', makeIssuing(root, 'issuing', { notAfter: NOW - DAY }).der),
  entry('intermediate', renewedIssuing.der),
  entry('anchor', root.der),
]);
accepts('PV-SEC-048 finds the issuing CA that signed among two of one name', leaf({ extensions: leafExtensions() }), ours, [
  entry('intermediate', makeIssuing(root, 'other', { subject: issuing.name }).der),
  entry('intermediate', issuing.der),
  entry('anchor', root.der),
]);

/** Seven CAs, each below the one before. */
const ladder = [root];
for (const title of ['one', 'two', 'three', 'four', 'five', 'six']) ladder.unshift(makeIssuing(ladder[0] ?? root, title));
const configured = [entry('anchor', root.der), ...ladder.slice(0, -1).map(({ der }) => entry('intermediate', der))];
const [lowest = root, last = root] = ladder;

accepts('security §2 takes a lone leaf five configured CAs below the anchor', () => [makeLeaf(last)], ours, configured);
refuses('security §2 goes no further than five configured CAs up to the anchor', 'trust_anchor', () => [makeLeaf(lowest)], {
  trust: configured,
});
accepts('security §2 takes a leaf that brings the sixth CA itself', () => [makeLeaf(lowest), lowest.der], ours, configured);

t.test('PV-SEC-044 both ends of the validity belong to it', async (t) => {
  const certificates = createCertificates(trust, { environment: 'test' });
  t.match(await certificates.judge([valid], NOW - 30 * DAY), ours);
  t.match(await certificates.judge([valid], end), { ...ours, notAfter: end });
});

t.test('PV-SEC-013 the path rules alone hold a leaf to 4096 bits', async (t) => {
  const large = sequence(
    sequence(oid('1.2.840.113549.1.1.1'), NULL),
    bitString(sequence(integer(2n ** 4200n + 1n), integer(65537))),
  );
  const paths = createTrust([readCertificate(root.der)], []);
  const chain = [makeLeaf(issuing, { key: large }), issuing.der].map(readCertificate);
  t.throws(() => validatePath(chain, paths, { now: NOW }), /^key_policy: .*at most 4096/);
});
