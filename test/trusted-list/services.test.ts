import t from 'tap';
import { addressesOf } from '../../cli/trusted-list/addresses.ts';
import { parseXml } from '../../cli/trusted-list/parse.ts';
import { type Present, planImport, registersOf } from '../../cli/trusted-list/plan.ts';
import { ListRefusal } from '../../cli/trusted-list/refusal.ts';
import { assertInForce, readScheme } from '../../cli/trusted-list/scheme.ts';
import { readServices } from '../../cli/trusted-list/services.ts';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { commonName, DAY, key, makeIssuing, makeLeaf, makeRoot, NOW } from '../keys/pki.ts';
import { extension, type ListOrder, listXml, type ServiceOrder } from './lists.ts';

const KNOWN = ['NTRNO', 'NTRSE', 'NTRDK', 'NTRFI'];
const ca = makeRoot('seal CA');
const second = makeRoot('second CA');

function plan(services: readonly ServiceOrder[], { present = [], order = {}, known = KNOWN }: PlanOrder = {}) {
  const root = parseXml(listXml({ ...order, services }));
  return planImport({ scheme: readScheme(root), services: readServices(root) }, { present, known, now: NOW });
}

type PlanOrder = { readonly present?: readonly Present[]; readonly order?: ListOrder; readonly known?: readonly string[] };

function refusedBy(act: () => unknown): string {
  try {
    act();
    return 'accepted';
  } catch (error) {
    if (error instanceof ListRefusal) return error.rule;
    throw error;
  }
}

/** A CA of the list as it stands on the server. */
function standing(services: readonly ServiceOrder[], profile = 'eidas-seal'): Present[] {
  return plan(services).map(({ id, subject }) => ({
    ...{ id, subject, role: 'anchor', profile, organization_namespaces: ['NTRSE'], crl_urls: ['http://crl.example.se/'] },
  }));
}

t.test(
  'a service that is granted for seals is trusted for the organisations of its country, and no other service is',
  async (t) => {
    const [step, ...more] = plan([
      { certificates: [ca.der], name: 'Seals' },
      { certificates: [second.der], purposes: ['ForeSignatures'] },
      { certificates: [second.der], type: 'http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST' },
      { certificates: [second.der], type: 'http://uri.etsi.org/TrstSvc/Svctype/CA/PKC' },
      { certificates: [second.der], status: 'withdrawn' },
      { certificates: [], name: 'without a certificate' },
    ]);
    t.match(step, { action: 'add', subject: 'CN=seal CA', service: 'Seals', organization_namespaces: ['NTRSE'], der: ca.der });
    t.same(more, []);
  },
);

t.test(
  'PV-SEC-050 a CA may name the registers of its own country that the server knows, and none where it knows none',
  async (t) => {
    const cases: [string, readonly string[], readonly string[]][] = [
      ['NO', KNOWN, ['NTRNO']],
      ['DK', KNOWN, ['NTRDK']],
      ['SE', [...KNOWN, 'VATSE', 'PSDSE', 'VATNO'], ['NTRSE', 'VATSE', 'PSDSE']],
      ['EL', [...KNOWN, 'NTRGR', 'VATEL'], ['NTRGR', 'VATEL']],
      ['DE', KNOWN, []],
    ];
    for (const [territory, known, expected] of cases) {
      const [step] = plan([{ certificates: [ca.der] }], { order: { territory }, known });
      t.same(step?.organization_namespaces, expected, territory);
      t.equal(step?.action, expected.length > 0 ? 'add' : 'left out');
    }
    t.same(registersOf(readScheme(parseXml(listXml({ territory: 'SE' }))), KNOWN), {
      known: ['NTRSE'],
      unknown: ['VATSE', 'PSDSE'],
    });
  },
);

t.test('what stands on the server stays; what the list has withdrawn is named, and what it no longer names, too', async (t) => {
  const granted = [{ certificates: [ca.der] }];
  t.match(plan(granted, { present: standing(granted) }), [{ action: 'unchanged', message: null }]);
  t.match(plan(granted, { present: standing(granted, 'seid-2.0') }), [{ action: 'unchanged', message: /seid-2.0/ }]);
  const withdrawn = [{ certificates: [ca.der], status: 'withdrawn' }];
  t.match(plan(withdrawn, { present: standing(granted) }), [{ action: 'withdrawn', message: 'its status is withdrawn' }]);
  t.match(plan(withdrawn, { present: standing(granted, 'seid-2.0') }), [{ action: 'unchanged' }]);
  const signatures = [{ certificates: [ca.der], purposes: ['ForeSignatures'] }];
  t.match(plan(signatures, { present: standing(granted) }), [{ action: 'withdrawn', message: 'it is not for seals' }]);
  t.match(plan([], { present: standing(granted) }), [
    { action: 'not listed', subject: 'CN=seal CA', crl_urls: ['http://crl.example.se/'] },
  ]);
  const foreign = standing(granted).map((present) => ({ ...present, organization_namespaces: ['NTRDK'] }));
  t.same(plan([], { present: foreign }), []);
  t.match(plan([{ certificates: [second.der] }], { present: foreign }), [{ action: 'add', subject: 'CN=second CA' }]);
});

t.test('a service that is doubled counts once, and one that is doubled with another status makes the list useless', async (t) => {
  t.equal(plan([{ certificates: [ca.der] }, { certificates: [ca.der, ca.der] }]).length, 1);
  const signatures = { certificates: [ca.der], purposes: ['ForeSignatures'] };
  t.match(plan([signatures, { certificates: [ca.der] }]), [{ action: 'add' }]);
  const contradiction = [{ certificates: [ca.der] }, { certificates: [ca.der], status: 'withdrawn' }];
  t.equal(
    refusedBy(() => plan(contradiction)),
    'contradiction',
  );
});

t.test('a service that says what is not understood, or that cannot be trusted here, is left out with the reason', async (t) => {
  const sie = 'http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#';
  const qualifications = (name: string) =>
    extension(
      `<q:Qualifications xmlns:q="${sie}"><q:QualificationElement><q:Qualifiers><q:Qualifier uri="http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/${name}"/></q:Qualifiers></q:QualificationElement></q:Qualifications>`,
      true,
    );
  const unknown = '<x:Novel xmlns:x="urn:x"/>';
  const bad = Buffer.concat([ca.der, Buffer.from([0])]);
  const ended = makeRoot('ended', { notAfter: NOW - 1 });
  const cases: [ServiceOrder, RegExp | null][] = [
    [{ certificates: [ca.der], extensions: extension(unknown, true) }, /not understood here: Novel/],
    [{ certificates: [ca.der], extensions: extension(unknown, false) }, null],
    [{ certificates: [ca.der], extensions: qualifications('NotQualified') }, /not qualified/],
    [{ certificates: [ca.der], extensions: qualifications('QCForESeal') }, null],
    [{ certificates: [ca.der], since: NOW + DAY }, /from a later day/],
    [{ certificates: [ended.der] }, /has ended/],
    [{ certificates: [makeLeaf(ca)] }, /none of a CA/],
    [{ certificates: [bad] }, /cannot be read: der/],
  ];
  for (const [service, message] of cases) {
    const [step] = plan([service]);
    t.match(step, { action: message === null ? 'add' : 'left out', message: message ?? null });
  }
});

t.test(
  'the list says where revocation is told, for a CA whose responder or list is known by a certificate of its own',
  async (t) => {
    const status = 'http://uri.etsi.org/TrstSvc/Svctype/Certstatus/';
    const responder = makeLeaf(ca, { subject: commonName('responder'), key: key('responder') });
    const forged = makeLeaf({ ...ca, key: key('forger') }, { subject: commonName('forged') });
    const services = [
      { certificates: [ca.der] },
      { certificates: [responder], type: `${status}OCSP/QC`, supplyPoints: ['ldap://x', 'http://ocsp.example.se/'] },
      {
        certificates: [ca.der],
        type: `${status}CRL/QC`,
        supplyPoints: ['http://crl.example.se/ca.crl', 'http://crl.example.se/ca.crl'],
      },
      { certificates: [forged], type: `${status}OCSP`, supplyPoints: ['http://forged.example.se/'] },
      { certificates: [second.der], type: `${status}CRL`, supplyPoints: ['http://other.example.se/'] },
      { certificates: [ca.der], type: `${status}CRL`, status: 'withdrawn', supplyPoints: ['http://old.example.se/'] },
    ];
    const expected = { crl_urls: ['http://crl.example.se/ca.crl'], ocsp_url: 'http://ocsp.example.se/' };
    t.match(plan(services)[0], { action: 'add', ...expected });
    t.same(addressesOf(readCertificate(ca.der), readServices(parseXml(listXml({ services })))), expected);
    t.same(plan([{ certificates: [second.der] }])[0]?.crl_urls, []);
  },
);

t.test('an empty list names nobody', async (t) => {
  t.same(plan([]), []);
});

t.test('a list of another kind or version, or one that lacks a member or has it twice, is refused', async (t) => {
  const xml = listXml({ services: [{ certificates: [ca.der] }] });
  const read = (text: string) => {
    const root = parseXml(text);
    readServices(root);
    return readScheme(root);
  };
  t.equal(
    refusedBy(() => read(xml)),
    'accepted',
  );
  const lists = 'http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists';
  const cases: [string, string][] = [
    ['list_type', listXml({ type: lists })],
    ['list_type', listXml({ version: '4' })],
    ['list_type', xml.replace('19612/TSLTag', '02231/TSLTag')],
    ['member', xml.replace('<TSLSequenceNumber>7</TSLSequenceNumber>', '')],
    ['member', xml.replace('>7<', '>-7<')],
    ['member', xml.replace('>SE<', '>se<')],
    ['member', xml.replace('<SchemeTerritory>', '<SchemeTerritory>NO</SchemeTerritory><SchemeTerritory>')],
    ['member', xml.replace(/<NextUpdate>.*<\/NextUpdate>/, '')],
    ['member', xml.replace(/<NextUpdate>.*<\/NextUpdate>/, '$&$&')],
    ['member', xml.replace(/<dateTime>.*<\/dateTime>/, '<dateTime>tomorrow</dateTime>')],
    ['member', xml.replace(/<dateTime>.*<\/dateTime>/, '<dateTime>2026-13-01T00:00:00Z</dateTime>')],
    ['member', xml.replace(/<ServiceStatus>.*<\/ServiceStatus>/, '')],
    ['member', xml.replace(/<ServiceStatus>.*<\/ServiceStatus>/, '$&$&')],
    ['member', xml.replace(/<ServiceStatus>.*<\/ServiceStatus>/, '<ServiceStatus><a/></ServiceStatus>')],
    ['member', xml.replace('<SchemeInformation>', '<SchemeInformation/><SchemeInformation>')],
    ['member', xml.replace(/<TSPName>.*<\/TSPName>/, '<TSPName/>')],
    ['certificate', xml.replace('<X509Certificate>', '<X509Certificate>!')],
  ];
  for (const [place, [rule, text]] of cases.entries())
    t.equal(
      refusedBy(() => read(text)),
      rule,
      `case ${place + 1}`,
    );
});

t.test('a list is in force from its issue until its next update; a closed one never is', async (t) => {
  const inForce = (order: ListOrder, now = NOW) => refusedBy(() => assertInForce(readScheme(parseXml(listXml(order))), now));
  t.equal(inForce({ nextUpdate: NOW + 1 }), 'accepted');
  t.equal(inForce({ nextUpdate: NOW }), 'expired');
  t.equal(inForce({ nextUpdate: null }), 'expired');
  t.equal(inForce({ issued: NOW + 1 }), 'expired');
});

t.test('an intermediate that the list names is an anchor of its own', async (t) => {
  const issuing = makeIssuing(ca, 'issuing of seals');
  const steps = plan([{ certificates: [issuing.der] }]);
  t.match(steps, [{ action: 'add', subject: 'CN=issuing of seals' }]);
});
