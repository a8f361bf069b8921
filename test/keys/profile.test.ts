import { oid, printable, sequence, tlv, utf8 } from './encode.ts';
import { entry, extension, makeIssuing, makeLeaf, name, OID, ORGANIZATION, organizationIdentifier } from './pki.ts';
import { accepts, below, CA_EXTENSIONS, leaf, refuses, root, subject, trust, valid } from './refuses.ts';

/** Who a certificate was issued to, and what for. */

const NORWEGIAN_POLICY = extension.of('2.5.29.32', sequence(sequence(oid('2.16.578.1.26.1.3.2'))));

refuses('PV-SEC-045 refuses a CA as a leaf', 'end_entity', leaf({ extensions: [extension.ca(), extension.keyUsage(0, 5)] }));
refuses('PV-SEC-045 refuses a leaf without key usage', 'key_usage', leaf({ extensions: [] }));
refuses('PV-SEC-045 refuses an encryption certificate', 'key_usage', leaf({ extensions: [extension.keyUsage(2, 4)] }));
refuses('PV-SEC-045 refuses contentCommitment alone below an own CA', 'key_usage', leaf({ extensions: [extension.keyUsage(1)] }));
refuses(
  'PV-SEC-045 refuses a web server certificate',
  'extended_key_usage',
  leaf({ extensions: [extension.keyUsage(0), extension.extendedKeyUsage(OID.serverAuth)] }),
);
refuses(
  'PV-SEC-045 refuses a certificate for e-mail alone',
  'extended_key_usage',
  leaf({ extensions: [extension.keyUsage(0), extension.extendedKeyUsage(OID.emailProtection)] }),
);
refuses(
  'PV-SEC-045 refuses a leaf below a CA that certifies web servers alone',
  'extended_key_usage',
  below({ extensions: [...CA_EXTENSIONS, extension.extendedKeyUsage(OID.serverAuth)] }),
);
refuses(
  'PV-SEC-045 refuses a leaf for a purpose that the CA above it may not certify for',
  'extended_key_usage',
  () => {
    const ca = makeIssuing(root, 'for e-mail', {
      extensions: [...CA_EXTENSIONS, extension.extendedKeyUsage(OID.emailProtection)],
    });
    const extensions = [extension.keyUsage(0), extension.extendedKeyUsage(OID.clientAuth), NORWEGIAN_POLICY];
    return [makeLeaf(ca, { extensions }), ca.der];
  },
  { trust: [entry('anchor', root.der, { profile: 'seid-2.0' })] },
);
refuses('PV-SEC-049 refuses a subject without an organisation number', 'organization', subject());
refuses(
  'PV-SEC-049 refuses two organisation identifiers',
  'organization',
  subject(organizationIdentifier('NTRNO-310555037'), organizationIdentifier('NTRNO-310555045')),
);
refuses(
  'PV-SEC-049 refuses the same organisation identifier twice',
  'organization',
  subject(organizationIdentifier('NTRNO-310555037'), organizationIdentifier('NTRNO-310555037')),
);
refuses(
  'PV-SEC-049 refuses an organisation identifier in a relative name with another attribute',
  'organization',
  subject([
    [OID.organizationIdentifier, utf8('NTRNO-310555037')],
    [OID.commonName, utf8('a')],
  ]),
);
refuses(
  'PV-SEC-049 refuses two organisation identifiers in one relative name',
  'organization',
  subject([
    [OID.organizationIdentifier, utf8('NTRNO-310555037')],
    [OID.organizationIdentifier, utf8('NTRNO-310555045')],
  ]),
);
refuses(
  'PV-SEC-049 refuses a serial number that disagrees',
  'organization',
  subject(organizationIdentifier('NTRNO-310555037'), [[OID.serialNumber, printable('310555045')]]),
);
refuses(
  'PV-SEC-049 refuses two serial numbers',
  'organization',
  subject([[OID.serialNumber, printable('310555037')]], [[OID.serialNumber, printable('310555037')]]),
);
refuses('PV-SEC-049 refuses a wrong check digit', 'organization', subject(organizationIdentifier('NTRNO-310555038')));
refuses(
  'PV-SEC-049 refuses a serial number with a wrong check digit',
  'organization',
  subject([[OID.serialNumber, printable('310555038')]]),
);
refuses(
  'PV-SEC-049 refuses digits that are not ASCII',
  'organization',
  subject(organizationIdentifier('NTRNO-３１０５５５０３７')),
);
refuses(
  'PV-SEC-049 refuses digits that are not ASCII in a serial number beside a good identifier',
  'organization',
  subject(organizationIdentifier('NTRNO-310555037'), [[OID.serialNumber, utf8('３１０５５５０３７')]]),
);
refuses(
  'PV-SEC-049 refuses a number in a string type of two octets',
  'organization',
  subject([[OID.organizationIdentifier, tlv(0x1e, Buffer.from('NTRNO-310555037', 'utf16le').swap16())]]),
);
refuses('PV-SEC-049 refuses a number followed by a NUL', 'organization', subject(organizationIdentifier('NTRNO-310555037\0')));
refuses(
  'PV-SEC-049 refuses a number followed by a line end',
  'organization',
  subject(organizationIdentifier('NTRNO-310555037\n')),
);
refuses(
  'PV-SEC-049 refuses a number with something before it',
  'organization',
  subject(organizationIdentifier('X NTRNO-310555037')),
);
refuses('PV-SEC-049 refuses bare digits in organizationIdentifier', 'organization', subject(organizationIdentifier('310555037')));
refuses(
  'PV-SEC-049 refuses a number in O',
  'organization',
  leaf({ subject: name([[OID.organization, utf8('Eksempel Bygg AS - 310555037')]]) }),
);
refuses('PV-SEC-050 refuses a foreign organisation', 'organization', subject(organizationIdentifier('NTRSE-5560000001')));
refuses('PV-SEC-050 refuses a VAT number', 'organization', subject(organizationIdentifier('VATNO-310555037')));
refuses(
  'PV-SEC-050 refuses a foreign organisation with a Norwegian serial number',
  'organization',
  subject(organizationIdentifier('NTRSE-5560000001'), [[OID.serialNumber, printable('310555037')]]),
);
// Security reference §3
refuses(
  'security §3 refuses everything below a production anchor while nothing tells what is revoked',
  'revocation',
  () => [valid],
  { trust: trust.map((one) => ({ ...one, environment: 'production' })) },
);

const enterpriseOf310555037 = { organization: ORGANIZATION, amr: 'virksomhetssertifikat', subject: 'Eksempel Bygg AS' };
const withUsage = (...extensions: readonly Buffer[]) => leaf({ extensions });

accepts('contract §8.3 reads NTRNO- in organizationIdentifier', leaf(), enterpriseOf310555037);
accepts(
  'contract §8.3 reads nine digits in serialNumber',
  subject([[OID.serialNumber, printable('310555037')]]),
  enterpriseOf310555037,
);
accepts(
  'contract §8.3 reads both where they agree',
  subject(organizationIdentifier('NTRNO-310555037'), [[OID.serialNumber, printable('310555037')]]),
  enterpriseOf310555037,
);
accepts(
  'contract §8.3 passes over a serialNumber of another form',
  subject(organizationIdentifier('NTRNO-310555037'), [[OID.serialNumber, printable('unit 7')]]),
  enterpriseOf310555037,
);
accepts(
  'contract §8.3 reads a PrintableString',
  subject([[OID.organizationIdentifier, printable('NTRNO-310555037')]]),
  enterpriseOf310555037,
);
accepts('PV-SEC-045 takes a signature and encryption certificate', withUsage(extension.keyUsage(0, 2)), enterpriseOf310555037);
accepts(
  'PV-SEC-045 takes any extended key usage',
  withUsage(extension.keyUsage(0), extension.extendedKeyUsage('2.5.29.37.0')),
  enterpriseOf310555037,
);
accepts(
  'PV-SEC-045 takes a leaf below a CA that certifies clients',
  below({ extensions: [...CA_EXTENSIONS, extension.extendedKeyUsage(OID.clientAuth)] }),
  enterpriseOf310555037,
);
