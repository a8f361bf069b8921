import t from 'tap';
import { createCertificates, type TrustSettings } from '../../keys/x509/trust.ts';
import { Fault } from '../../server/core/fault.ts';
import type { TrustEntry } from '../../server/core/ports.ts';
import { integer, oid, printable, sequence, utf8 } from './encode.ts';
import {
  enterprise,
  extension,
  leafExtensions,
  makeLeaf,
  NOW,
  name,
  OID,
  type Order,
  organizationIdentifier,
  type RelativeName,
} from './pki.ts';
import { type Chain, issuing, leaf, refuses, subject, trust, valid } from './refuses.ts';

/** What certificates are held to below the authorities of each profile. Contract §8.3 and §8.4, ETSI EN 319 412 */

const under = (profile: string, more: Partial<TrustEntry> = {}): readonly TrustEntry[] =>
  trust.map((entry) => ({ ...entry, profile, ...more }));

const policies = (...oids: readonly string[]): Buffer =>
  extension.of('2.5.29.32', sequence(...oids.map((one) => sequence(oid(one)))));

const QC_TYPE = '0.4.0.1862.1.6';
const SEAL = sequence(oid(QC_TYPE), sequence(oid('0.4.0.1862.1.6.2')));
const SIGNATURE = sequence(oid(QC_TYPE), sequence(oid('0.4.0.1862.1.6.1')));
const QUALIFIED = sequence(oid('0.4.0.1862.1.1'));
const statements = (...list: readonly Buffer[]): Buffer => extension.of('1.3.6.1.5.5.7.1.3', sequence(...list));

const BUYPASS_TEST = '2.16.578.1.26.1.0.3.2';
const withPolicy = (...oids: readonly string[]): Chain => leaf({ extensions: [...leafExtensions(), policies(...oids)] });

type Setting = { readonly trust: readonly TrustEntry[]; readonly settings?: Partial<TrustSettings> };

/** A test of a chain that holds below a profile's authorities. */
function accepts(
  sentence: string,
  chain: Chain,
  { trust: entries, settings, ...verdict }: Setting & Readonly<Record<string, unknown>>,
): void {
  t.test(sentence, async (t) => {
    t.match(await createCertificates(entries, { environment: 'test', ...settings }).judge(chain(), NOW), verdict);
  });
}

const seid2 = { trust: under('seid-2.0'), organization: '310555037', amr: 'virksomhetssertifikat' };

accepts('contract §8.4 takes a SEID 2.0 certificate under a listed policy', withPolicy(BUYPASS_TEST), seid2);
accepts('contract §8.4 takes one listed policy among others', withPolicy('1.2.3', BUYPASS_TEST), seid2);
accepts('contract §8.4 takes every policy beneath a listed one', withPolicy('2.16.578.1.29.913.200.1.0'), seid2);
accepts(
  'security §2 takes contentCommitment alone below a Norwegian authority: clients sign with their seal, too',
  leaf({ extensions: [extension.keyUsage(1), policies(BUYPASS_TEST)] }),
  seid2,
);
accepts(
  'contract §2.4 a Norwegian certificate is virksomhetssertifikat, whatever its statements say',
  leaf({ extensions: [...leafExtensions(), policies(BUYPASS_TEST), statements(QUALIFIED, SEAL)] }),
  seid2,
);
accepts(
  'contract §9 no. 49 an operator can let the statements decide below a Norwegian authority, too',
  leaf({ extensions: [...leafExtensions(), policies(BUYPASS_TEST), statements(QUALIFIED, SEAL)] }),
  { ...seid2, settings: { sealAmr: true }, amr: 'QCForESeal' },
);
accepts('contract §8.4 without statements it stays virksomhetssertifikat', withPolicy(BUYPASS_TEST), {
  ...seid2,
  settings: { sealAmr: true },
});

refuses('PV-SEC-051 refuses a certificate without policies below a Norwegian authority', 'policy', () => [valid], seid2);
refuses('PV-SEC-051 refuses a certificate under another policy', 'policy', withPolicy('2.16.578.1.26.1.3.1'), seid2);
refuses('PV-SEC-051 refuses a policy that only begins like a listed one', 'policy', withPolicy('2.16.578.1.26.1.3.22'), seid2);
refuses('contract §8.4 refuses the policy above those that are listed', 'policy', withPolicy('2.16.578.1.29.913.200'), seid2);
refuses('PV-SEC-052 refuses a policy of production in the test environment', 'policy', withPolicy('2.16.578.1.29.13.210'), seid2);
refuses(
  'PV-SEC-045 refuses an encryption certificate below a Norwegian authority',
  'key_usage',
  leaf({ extensions: [extension.keyUsage(2, 4), policies(BUYPASS_TEST)] }),
  seid2,
);
refuses(
  'PV-SEC-051 refuses a web server below a Norwegian authority',
  'extended_key_usage',
  leaf({ extensions: [extension.keyUsage(0), extension.extendedKeyUsage(OID.serverAuth), policies(BUYPASS_TEST)] }),
  seid2,
);

const old = (...relativeNames: readonly RelativeName[]): Partial<Order> => ({
  subject: enterprise(...relativeNames),
  extensions: [...leafExtensions(), policies(BUYPASS_TEST)],
});
const nineDigits = [[OID.serialNumber, printable('310555037')]] as const;
const seid1 = { ...seid2, trust: under('seid-1.0') };

accepts('contract §8.3 takes a SEID 1.0 certificate with its number in serialNumber', leaf(old(nineDigits)), seid1);
accepts(
  'contract §8.3 takes a SEID 1.0 certificate with both numbers where they agree',
  leaf(old(nineDigits, organizationIdentifier('NTRNO-310555037'))),
  seid1,
);
refuses(
  'contract §8.3 refuses a SEID 1.0 certificate without a number in serialNumber',
  'organization',
  leaf(old(organizationIdentifier('NTRNO-310555037'))),
  seid1,
);
refuses(
  'contract §8.3 refuses a SEID 2.0 certificate without an organizationIdentifier',
  'organization',
  leaf(old(nineDigits)),
  seid2,
);

const SWEDE = 'NTRSE-5560000001';
const foreign = (identifier: string, ...list: readonly Buffer[]): Chain =>
  leaf({
    subject: enterprise(organizationIdentifier(identifier)),
    extensions: [extension.keyUsage(1), statements(...list)],
  });
const eidas = (...organizationNamespaces: readonly string[]) => ({ trust: under('eidas-seal', { organizationNamespaces }) });

for (const [identifier, organization] of [
  [SWEDE, '0007:5560000001'],
  ['NTRDK-24256790', '0184:24256790'],
  ['NTRFI-0112038-9', '0212:0112038-9'],
  ['NTRNO-310555037', '310555037'],
] as const) {
  accepts(`contract §8.2 reads ${identifier} as ${organization}`, foreign(identifier, QUALIFIED, SEAL), {
    ...eidas(identifier.slice(0, 5)),
    organization,
    amr: 'QCForESeal',
  });
}
accepts('contract §2.4 a seal that is not qualified is CForESeal', foreign(SWEDE, SEAL), { ...eidas('NTRSE'), amr: 'CForESeal' });
accepts(
  'ETSI EN 319 412-5 passes over statements of other kinds',
  foreign(SWEDE, sequence(oid('1.2.3'), integer(1)), SEAL, QUALIFIED),
  {
    ...eidas('NTRSE'),
    amr: 'QCForESeal',
  },
);
accepts(
  'ETSI EN 319 412-1 an operator can add a name space, with the form of its identifiers',
  foreign('VATSE-556000000101', SEAL),
  {
    ...eidas('VATSE'),
    settings: { nameSpaces: [{ prefix: 'VATSE', code: '0007', form: /([0-9]{10})01/ }] },
    organization: '0007:5560000001',
  },
);
accepts('ETSI EN 319 412-1 reads the identifier of a payment service provider', foreign('PSDSE-FINA-5560000001', SEAL), {
  ...eidas('PSDSE'),
  settings: { nameSpaces: [{ prefix: 'PSDSE', code: '0007', form: /[A-Z]{2,8}-([0-9]{10})/ }] },
  organization: '0007:5560000001',
});
refuses(
  "PV-SEC-050 refuses a foreign seal that claims a Norwegian organisation's number",
  'organization',
  foreign('NTRNO-310555037', QUALIFIED, SEAL),
  eidas('NTRSE', 'NTRDK'),
);
refuses(
  'PV-SEC-050 refuses a foreign seal with nothing but a Norwegian number in serialNumber',
  'subject',
  leaf({ subject: enterprise(nineDigits), extensions: [extension.keyUsage(1), statements(SEAL)] }),
  eidas('NTRSE'),
);
refuses(
  'PV-SEC-050 refuses every organisation below a seal authority without name spaces',
  'organization',
  foreign(SWEDE, SEAL),
  {
    trust: under('eidas-seal'),
  },
);
refuses(
  'PV-SEC-050 refuses a name space that is not known, although the anchor may assert it',
  'organization',
  foreign('VATSE-556000000101', SEAL),
  eidas('VATSE'),
);
for (const [identifier, why] of [
  ['NTRSE-5560000002', 'a wrong check digit'],
  ['NTRSE-556000-0001', 'a hyphen too many'],
  ['NTRSE-', 'nothing behind the hyphen'],
  ['ntrse-5560000001', 'small letters'],
  ['NTRSE5560000001', 'no hyphen'],
  ['LEISE-5560000001', 'another type'],
  ['NTRFI-01120389', 'no hyphen in a Finnish number'],
]) {
  refuses(
    `PV-SEC-049 refuses a seal identifier with ${why}`,
    'organization',
    foreign(identifier ?? '', SEAL),
    eidas('NTRSE', 'NTRFI'),
  );
}
refuses(
  'security §2 refuses a certificate for signatures of persons below a seal authority',
  'seal',
  foreign(SWEDE, QUALIFIED, SIGNATURE),
  eidas('NTRSE'),
);
refuses('security §2 refuses a certificate without statements below a seal authority', 'seal', leaf(), eidas('NTRSE'));
refuses(
  'RFC 3739 §3.2.6 refuses statements that are marked critical',
  'critical_extension',
  leaf({ extensions: [extension.keyUsage(1), extension.of('1.3.6.1.5.5.7.1.3', sequence(SEAL), true)] }),
  eidas('NTRSE'),
);
refuses(
  'ETSI EN 319 412-3 §4.2.1 refuses a seal whose subject has no country',
  'subject',
  leaf({
    subject: name([[OID.organization, utf8('a')]], [[OID.commonName, utf8('a')]], organizationIdentifier(SWEDE)),
    extensions: [extension.keyUsage(1), statements(SEAL)],
  }),
  eidas('NTRSE'),
);

t.test('security §3 a verdict of one profile is not taken for another one', async (t) => {
  const certificates = createCertificates(under('eidas-seal', { organizationNamespaces: ['NTRSE'] }), { environment: 'test' });
  const chain = [
    makeLeaf(issuing, {
      subject: enterprise(organizationIdentifier(SWEDE)),
      extensions: [extension.keyUsage(0), statements(SEAL)],
    }),
  ];
  t.match(await certificates.judge(chain, NOW), { organization: '0007:5560000001' });
  certificates.reload(trust);
  const fault = await certificates.judge(chain, NOW).catch((error: unknown) => error);
  t.ok(
    fault instanceof Fault && fault.circumstances.detail?.startsWith('organization: '),
    'an own CA asserts Norwegian ones alone',
  );
});

refuses('PV-SEC-049 refuses a subject without a number in every profile', 'organization', subject());
