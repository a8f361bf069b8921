import { readFileSync } from 'node:fs';
import t from 'tap';
import { decodeXml, parseXml } from '../../cli/trusted-list/parse.ts';
import { planImport } from '../../cli/trusted-list/plan.ts';
import { ListRefusal, type ListRule } from '../../cli/trusted-list/refusal.ts';
import { readScheme } from '../../cli/trusted-list/scheme.ts';
import { readServices } from '../../cli/trusted-list/services.ts';
import { verifyList } from '../../cli/trusted-list/signature.ts';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { readBlocks } from '../../keys/x509/pem.ts';
import { makeRoot, NOW } from '../keys/pki.ts';
import { ENVELOPED, EXCLUSIVE, listXml, makeSigner, RSA_SHA256, type SigningOrder, signList } from './lists.ts';

const ca = makeRoot('seal CA');
const other = makeRoot('CA of an attacker');
const signer = makeSigner();
const xml = listXml({ services: [{ certificates: [ca.der], name: 'Sigill & stämpel' }] });
const signed = signList(xml, signer);
const signers = [signer.certificate];

/** The rule by which a list is refused; `accepted` when it is not. */
function verdict(text: string, by = signers): ListRule | 'accepted' {
  return ruleOf(() => verifyList(text, by));
}

function ruleOf(act: () => unknown): ListRule | 'accepted' {
  try {
    act();
    return 'accepted';
  } catch (error) {
    if (error instanceof ListRefusal) return error.rule;
    throw error;
  }
}

t.test('a list that its signer has signed is read as it was signed, with XAdES properties and without', async (t) => {
  for (const order of [{}, { properties: false }, { uri: 'list' }] satisfies SigningOrder[]) {
    const { root, signer: found } = verifyList(signList(xml, signer, order), signers);
    t.equal(found, signer.certificate);
    t.match(readScheme(root), { territory: 'SE', sequence: 7, operator: 'Made-up Authority' });
    t.match(readServices(root), [{ provider: 'Påhittad Tillit AB', title: 'Sigill & stämpel', certificates: [{ der: ca.der }] }]);
    t.notMatch(root.textContent, /T11:22:33Z/);
  }
});

t.test('RSA with SHA-256, SHA-512 and PSS, and ECDSA are taken, and one of several signers is enough', async (t) => {
  const elliptic = makeSigner('elliptic signer', 'P-256');
  t.equal(verdict(signList(xml, elliptic), [signer.certificate, elliptic.certificate]), 'accepted');
  const methods = ['2001/04/xmldsig-more#rsa-sha512', '2007/05/xmldsig-more#sha256-rsa-MGF1'];
  for (const method of methods) t.equal(verdict(signList(xml, signer, { method: `http://www.w3.org/${method}` })), 'accepted');
  t.equal(verdict(signList(xml, signer, { digest: 'http://www.w3.org/2001/04/xmlenc#sha512' })), 'accepted');
});

t.test(
  'the certificate in the document counts for nothing: another signer is refused, and so is one with the same name',
  async (t) => {
    const stranger = makeSigner('stranger');
    t.equal(verdict(signList(xml, stranger)), 'signature');
    t.equal(verdict(signed, []), 'signature');
    t.equal(verdict(signList(xml, makeSigner('signer', 3072))), 'signature');
    t.equal(verdict(signList(xml, makeSigner('elliptic signer', 'P-256'))), 'signature');
  },
);

t.test('a list that was changed in a byte after it was signed is refused', async (t) => {
  const certificate = ca.der.toString('base64');
  const changes: [string, string][] = [
    ['>SE<', '>NO<'],
    ['Svcstatus/granted', 'Svcstatus/granteD'],
    [certificate, other.der.toString('base64')],
    [certificate, certificate.replace(/^M/, 'N')],
    ['T11:22:33Z</xades:SigningTime>', 'T11:22:34Z</xades:SigningTime>'],
    ['<TSLSequenceNumber>7', '<TSLSequenceNumber>8'],
    ['</SchemeInformation>', '</SchemeInformation> '],
    ['Id="list"', 'Id="list" x="y"'],
  ];
  for (const [before, after] of changes) {
    t.ok(signed.includes(before), before);
    t.equal(verdict(signed.replace(before, after)), 'signature', after);
  }
  const value = /<ds:SignatureValue>([^<]+)/.exec(signed)?.[1] ?? '';
  t.equal(verdict(signed.replace(value, `${value.slice(0, 8)}AAAA${value.slice(12)}`)), 'signature');
  t.equal(verdict(signed.replace(value, '')), 'signature');
});

t.test('what the signature does not cover is not read: comments, and what stands around the list', async (t) => {
  const commented = signed.replace('>SE<', '>S<!-- NO -->E<').concat('<!-- more -->');
  const { root } = verifyList(commented, signers);
  t.equal(readScheme(root).territory, 'SE');
});

t.test('a wrapped signature is refused, however it is wrapped', async (t) => {
  const evil = listXml({ territory: 'NO', services: [{ certificates: [other.der] }], attributes: 'Id="evil"' });
  const body = (text: string) => text.replace(/^<\?xml.*?\?>\s*/, '');
  const signature = /<ds:Signature [\s\S]*<\/ds:Signature>/.exec(signed)?.[0] ?? '';
  const bare = signed.replace(signature, '');
  const referring = signList(xml, signer, { uri: 'list' });
  const refer = /<ds:Signature [\s\S]*<\/ds:Signature>/.exec(referring)?.[0] ?? '';
  const end = '</TrustServiceStatusList>';
  const wraps: [ListRule, string][] = [
    // The signed list inside another one, in the signature's object, and inside an extension.
    ['root', evil.replace(end, `${body(signed)}${end}`)],
    [
      'root',
      evil.replace(end, `${refer.replace('</ds:Signature>', `<ds:Object>${body(bare)}</ds:Object></ds:Signature>`)}${end}`),
    ],
    ['root', `<wrapper>${body(signed)}${body(evil)}</wrapper>`],
    ['root', evil.replace(end, `<x xmlns="urn:x">${body(bare)}</x>${refer}${end}`)],
    ['root', signed.replace(end, `${body(evil)}${end}`)],
    // The signature moved, doubled, or one of the attacker's beside it.
    ['signature_place', bare.replace('<SchemeInformation>', `<SchemeInformation>${signature}`)],
    ['id_twice', signed.replace(end, `${signature}${end}`)],
    ['signature_place', signed.replace(end, `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>${end}`)],
    ['signature_place', signed.replace(end, `<Signature/>${end}`)],
    ['signature_place', bare],
    // Two elements of one identifier.
    ['id_twice', referring.replace('<SchemeInformation>', '<SchemeInformation Id="list">')],
    ['id_twice', referring.replace('<SchemeInformation>', '<SchemeInformation ID="list">')],
    ['id_twice', referring.replace('<SchemeInformation>', '<SchemeInformation xml:id="list">')],
    // Two of a part.
    ['signature_form', signed.replace('<ds:SignatureValue>', '<ds:SignatureValue>AAAA</ds:SignatureValue><ds:SignatureValue>')],
    ['signature_form', signed.replace('<ds:SignedInfo>', '<ds:SignedInfo/><ds:SignedInfo>')],
    ['signature_form', signed.replace('<ds:SignedInfo>', '<x><SignatureMethod Algorithm="x"/></x><ds:SignedInfo>')],
    ['root', evil.replace(/TrustServiceStatusList/g, 'x:TrustServiceStatusList')],
  ];
  for (const [place, [rule, text]] of wraps.entries()) t.equal(verdict(text), rule, `wrap ${place + 1}`);
});

t.test('a signature that covers less than the list, or in another way, is refused although it is good', async (t) => {
  const scheme = "//*[local-name()='SchemeInformation']";
  const inclusive = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
  const cases: [ListRule, SigningOrder][] = [
    ['reference', { xpath: scheme, uri: 'part', properties: false, transforms: [EXCLUSIVE] }],
    ['reference', { more: [{ xpath: scheme, transforms: [EXCLUSIVE] }] }],
    ['reference', { more: [{ xpath: '/*', transforms: [ENVELOPED, EXCLUSIVE] }], properties: false }],
    ['reference', { transforms: [ENVELOPED] }],
    ['reference', { transforms: [ENVELOPED, inclusive] }],
    ['reference', { transforms: [ENVELOPED, `${EXCLUSIVE}WithComments`] }],
    ['signature_algorithm', { canonicalization: inclusive }],
    ['signature_algorithm', { method: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' }],
    ['signature_algorithm', { digest: 'http://www.w3.org/2000/09/xmldsig#sha1' }],
    ['signature_algorithm', { digest: 'http://www.w3.org/2001/04/xmldsig-more#md5' }],
    ['signature_place', { within: scheme }],
  ];
  for (const [rule, order] of cases) t.equal(verdict(signList(xml, signer, order)), rule, JSON.stringify(order));
  const hmac = signed.replace(RSA_SHA256, 'http://www.w3.org/2000/09/xmldsig#hmac-sha1');
  t.equal(verdict(hmac), 'signature_algorithm');
  for (const uri of ['#properties', '#nothing', 'http://example.no/list.xml', "#x' or '1'='1"])
    t.equal(verdict(signed.replace('URI=""', `URI="${uri}"`)), 'reference', uri);
  t.equal(verdict(signed.replace(' URI=""', '')), 'reference');
  t.equal(verdict(signed.replace('URI="#properties"', 'URI="#list"')), 'reference');
});

t.test('what is no plain XML is refused before it is parsed, and a large file before it is decoded', async (t) => {
  const head = /^<\?xml.*?\?>/;
  const cases: [ListRule, string][] = [
    ['xml', signed.replace(head, '$&<!DOCTYPE TrustServiceStatusList>')],
    ['xml', signed.replace(head, '$&<!DOCTYPE x [<!ENTITY a "b">]>')],
    ['xml', signed.replace(head, '$&<!DOCTYPE x SYSTEM "file:///etc/passwd">')],
    ['xml', signed.replace('>SE<', '>&country;<')],
    ['xml', signed.replace(head, '$&<?xml-stylesheet href="x"?>')],
    ['xml', signed.replace(head, '<?xml version="1.1"?>')],
    ['xml', signed.replace(head, '<?xml version="1.0" encoding="UTF-16"?>')],
    ['xml', signed.replace('>SE<', '>S\u0000E<')],
    ['xml', signed.replace('Id="list"', 'Id="list" Id="list"')],
    ['xml', signed.replace('Id="list"', 'Id=list')],
    ['xml', `${signed}<more/>`],
    ['xml', `${signed}text`],
    ['xml', signed.slice(0, -20)],
    ['xml', ''],
    ['xml', 'not XML'],
    ['size', `<a>${'<b/>'.repeat(250_001)}</a>`],
    ['size', `<a>${'<b/>'.repeat(2_002)}</a>`],
    ['size', `<a>${`<b>${'<c/>'.repeat(1_000)}</b>`.repeat(126)}</a>`],
    ['size', `${'<a>'.repeat(65)}${'</a>'.repeat(65)}`],
  ];
  for (const [rule, text] of cases) t.equal(verdict(text), rule, text.slice(0, 120));
  const ofBytes = (bytes: Buffer) => ruleOf(() => decodeXml(bytes));
  t.equal(ofBytes(Buffer.alloc(20 * 1024 * 1024, ' ')), 'size');
  t.equal(ofBytes(Buffer.from('<a>\xff</a>', 'latin1')), 'xml');
  t.equal(parseXml(decodeXml(Buffer.from('\ufeff<a/>'))).localName, 'a');
});

t.test('a list that is nested 100,000 deep ends in a refusal, and soon', async (t) => {
  const started = performance.now();
  t.equal(verdict(`${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`), 'size');
  t.ok(performance.now() - started < 5_000);
});

t.test('lists that the JDK has signed, another implementation, are taken, and changed in a byte they are not', async (t) => {
  const file = (name: string) => readFileSync(new URL(`golden/${name}`, import.meta.url));
  const signerOf = (name: string) => readBlocks(file(name), 'CERTIFICATE').map(readCertificate);
  const cases = [
    ['rsa-sha512.xml', 'signer-rsa.pem', 'signer-ec.pem'],
    ['rsa-sha384.xml', 'signer-rsa.pem', 'signer-ec.pem'],
    ['ecdsa-sha256.xml', 'signer-ec.pem', 'signer-rsa.pem'],
  ] as const;
  for (const [name, own, other] of cases) {
    const text = decodeXml(file(name));
    const { root } = verifyList(text, signerOf(own));
    t.match(readScheme(root), { territory: 'NO', sequence: 42, operator: 'Made-up Authority © > all' });
    const step = { action: 'add', subject: 'C=NO, O=Made-up Trust AS, CN=Made-up Seal CA', service: 'Seals & more' };
    const list = { scheme: readScheme(root), services: readServices(root) };
    t.match(planImport(list, { present: [], known: ['NTRNO'], now: NOW }), [{ ...step, organization_namespaces: ['NTRNO'] }]);
    t.equal(verdict(text, signerOf(other)), 'signature');
    t.equal(verdict(text.replace('>42<', '>43<'), signerOf(own)), 'signature');
    t.equal(verdict(text.replace('2025-12-31T10:00:00Z</xades:', '2025-12-31T10:00:01Z</xades:'), signerOf(own)), 'signature');
  }
});
