import t from 'tap';
import { createCertificates } from '../../keys/x509/trust.ts';
import { Fault } from '../../server/core/fault.ts';
import { bitString, boolean, integer, NULL, octetString, oid, sequence, set, tlv, utf8 } from './encode.ts';
import { extension, NOW, name, OID } from './pki.ts';
import { accepts, leaf, refuses, trust, valid, withExtension } from './refuses.ts';

/** How a certificate has to be written, whatever it says. */

refuses('PV-SEC-039 refuses octets after the certificate', 'der', () => [Buffer.concat([valid, Buffer.alloc(1)])]);
refuses('PV-SEC-039 refuses a certificate that is cut off', 'der', () => [valid.subarray(0, -1)]);
refuses('PV-SEC-039 refuses an empty certificate', 'der', () => [Buffer.alloc(0)]);
refuses('PV-SEC-039 refuses PEM text where DER is due', 'der', () => [
  Buffer.from(`-----BEGIN CERTIFICATE-----\n${valid.toString('base64')}\n-----END CERTIFICATE-----\n`),
]);
refuses('PV-SEC-039 refuses text in front of the certificate', 'der', () => [Buffer.concat([Buffer.from('text\n'), valid])]);
refuses('PV-SEC-039 refuses a length that is not minimal', 'der', () => [
  Buffer.concat([Buffer.from([0x30, 0x83, 0x00]), valid.subarray(2)]),
]);
refuses('PV-SEC-039 refuses an indefinite length', 'der', () => [
  Buffer.concat([Buffer.from([0x30, 0x80]), valid.subarray(4), Buffer.alloc(2)]),
]);
refuses(
  'PV-SEC-039 refuses a boolean that is neither 00 nor FF',
  'der',
  withExtension(extension.of('2.5.29.99', NULL), sequence(oid('1.2.3'), tlv(0x01, Buffer.from([1])), octetString(NULL))),
);
refuses('PV-SEC-039 refuses an integer with a superfluous zero', 'der', leaf({ serialNumber: tlv(0x02, Buffer.from([0, 1])) }));
refuses(
  'PV-SEC-039 refuses padding bits that are set',
  'der',
  withExtension(extension.of('2.5.29.14', bitString(Buffer.from([0xff]), 3))),
);
refuses(
  'PV-SEC-039 refuses an object identifier with an arc of eleven octets',
  'der',
  withExtension(extension.of(`1.2.${2n ** 70n}`, NULL)),
);
refuses(
  'PV-SEC-039 refuses a set that is out of order',
  'der',
  leaf({ subject: sequence(set(sequence(oid(OID.commonName), utf8('b')), sequence(oid(OID.commonName), utf8('a')))) }),
);
refuses(
  'PV-SEC-039 refuses octets after the value of an extension',
  'der',
  withExtension(extension.of('2.5.29.17', Buffer.concat([sequence(), NULL]))),
);
refuses(
  'PV-SEC-039 refuses a standard extension that is not DER, although it is not read',
  'der',
  withExtension(extension.of('2.5.29.17', Buffer.from('example.com'))),
);
refuses('PV-SEC-040 refuses a certificate of more than 8 KiB', 'der', withExtension(extension.of('1.2.3', Buffer.alloc(8192))));
refuses(
  'PV-SEC-039 refuses an encoded default, critical FALSE',
  'extension',
  withExtension(sequence(oid('1.2.3'), boolean(false), octetString(NULL))),
);
refuses(
  'PV-SEC-039 refuses an encoded default, cA FALSE',
  'extension',
  withExtension(extension.of('2.5.29.19', sequence(boolean(false)), true)),
);
refuses(
  'PV-SEC-039 refuses a key usage with trailing zero bits',
  'extension',
  leaf({ extensions: [extension.of('2.5.29.15', bitString(Buffer.from([0x80]), 0), true)] }),
);
refuses(
  'PV-SEC-039 refuses a key usage without a usage',
  'extension',
  leaf({ extensions: [extension.of('2.5.29.15', bitString(Buffer.alloc(0)), true)] }),
);
refuses('PV-SEC-039 refuses a key usage with a tenth bit', 'extension', leaf({ extensions: [extension.keyUsage(0, 9)] }));
refuses(
  'PV-SEC-039 refuses a path length without the CA flag',
  'extension',
  withExtension(extension.of('2.5.29.19', sequence(integer(0)), true)),
);
refuses(
  'PV-SEC-039 refuses a key identifier marked critical',
  'extension',
  withExtension(extension.of('2.5.29.14', octetString(Buffer.from('id')), true)),
);
refuses(
  'PV-SEC-039 refuses a purpose listed twice',
  'extension',
  leaf({ extensions: [extension.keyUsage(0), extension.extendedKeyUsage(OID.clientAuth, OID.clientAuth)] }),
);
refuses(
  'PV-SEC-039 refuses a purpose list without a purpose',
  'structure',
  leaf({ extensions: [extension.keyUsage(0), extension.extendedKeyUsage()] }),
);
refuses(
  'PV-SEC-039 refuses half an issuer and serial number',
  'extension',
  withExtension(extension.of('2.5.29.35', sequence(tlv(0x82, Buffer.from([1]))))),
);
refuses('PV-SEC-041 refuses what is DER and no certificate', 'structure', () => [sequence(integer(1))]);
refuses('PV-SEC-041 refuses a member after the signature', 'structure', () => [sequence(valid.subarray(4), NULL)]);
refuses('PV-SEC-041 refuses a signature of broken octets', 'structure', () => [
  sequence(sequence(), sequence(oid('1.2.3')), bitString(Buffer.from([0xfe]), 1)),
]);
refuses('PV-SEC-041 refuses version 1', 'version', leaf({ version: Buffer.alloc(0) }));
refuses('PV-SEC-041 refuses version 2', 'version', leaf({ version: tlv(0xa0, integer(1)) }));
refuses('PV-SEC-041 refuses version 4', 'version', leaf({ version: tlv(0xa0, integer(3)) }));
refuses('PV-SEC-041 refuses a serial number of zero', 'serial_number', leaf({ serialNumber: integer(0) }));
refuses('PV-SEC-041 refuses a negative serial number', 'serial_number', leaf({ serialNumber: tlv(0x02, Buffer.from([0x80])) }));
refuses('PV-SEC-041 refuses a serial number of 21 octets', 'serial_number', leaf({ serialNumber: integer(2n ** 160n) }));
refuses('PV-SEC-041 refuses an issuer without a name', 'empty_name', leaf({ issuer: name() }));
refuses('PV-SEC-041 refuses a subject without a name', 'empty_name', leaf({ subject: name() }));
refuses('PV-SEC-041 refuses an issuer unique identifier', 'unique_id', leaf({ uniqueIds: tlv(0x81, Buffer.from([0, 1])) }));
refuses('PV-SEC-041 refuses a subject unique identifier', 'unique_id', leaf({ uniqueIds: tlv(0x82, Buffer.from([0, 1])) }));
refuses(
  'PV-SEC-041 refuses two signature algorithms',
  'algorithms_differ',
  leaf({ outerAlgorithm: sequence(oid('1.2.840.10045.4.3.3')) }),
);
refuses(
  'PV-SEC-041 refuses the same signature algorithm with other parameters outside',
  'algorithms_differ',
  leaf({ outerAlgorithm: sequence(oid('1.2.840.10045.4.3.2'), NULL) }),
);
refuses('RFC 5280 §4.1.2.5 refuses a date without seconds', 'time', leaf({ notAfter: tlv(0x17, Buffer.from('2701010000Z')) }));
refuses(
  'RFC 5280 §4.1.2.5 refuses a date with an offset',
  'time',
  leaf({ notAfter: tlv(0x17, Buffer.from('270101000000+0000')) }),
);
refuses(
  'RFC 5280 §4.1.2.5 refuses a date with a fraction',
  'time',
  leaf({ notAfter: tlv(0x18, Buffer.from('20270101000000.5Z')) }),
);
refuses('RFC 5280 §4.1.2.5 refuses 30 February', 'time', leaf({ notAfter: tlv(0x17, Buffer.from('270230000000Z')) }));
refuses('RFC 5280 §4.1.2.5 refuses the hour 24', 'time', leaf({ notAfter: tlv(0x17, Buffer.from('270101240000Z')) }));
refuses('RFC 5280 §4.1.2.5 refuses a date of another type', 'structure', leaf({ notAfter: utf8('270101000000Z') }));
refuses(
  'PV-SEC-043 refuses an extension twice',
  'extension_twice',
  withExtension(extension.of('1.2.3', NULL), extension.of('1.2.3', NULL)),
);

accepts('RFC 5280 §4.1.2.5 takes dates from 2050 on', leaf({ notAfter: Date.UTC(2051, 0) / 1000 }), {
  notAfter: Date.UTC(2051, 0) / 1000,
});
accepts(
  'RFC 5280 §4.1.2.5 takes a GeneralizedTime before 2050, as readers must',
  leaf({ notAfter: tlv(0x18, Buffer.from('20270101000000Z')) }),
  {
    notAfter: Date.UTC(2027, 0) / 1000,
  },
);
accepts(
  'RFC 5280 §4.1.2.5.1 reads the years 50 to 99 of a UTCTime as 1950 to 1999',
  leaf({ notBefore: tlv(0x17, Buffer.from('500101000000Z')) }),
  {},
);
accepts('PV-SEC-041 takes a serial number of 20 octets', leaf({ serialNumber: integer(2n ** 159n - 1n) }), {});
accepts(
  'PV-SEC-043 passes over an unknown extension that is not critical, whatever it holds',
  withExtension(extension.of('1.2.3', Buffer.from('text'))),
  {},
);

/** Every chain made from the octets of the valid leaf, with the one at a place changed, left out or doubled. */
function* mutants(): Generator<Buffer> {
  for (let place = 0; place < valid.length; place++) {
    for (const mask of [0x01, 0x80, 0xff]) {
      const flipped = Buffer.from(valid);
      flipped[place] = (flipped[place] ?? 0) ^ mask;
      yield flipped;
    }
    yield valid.subarray(0, place);
    yield Buffer.concat([valid.subarray(0, place), valid.subarray(place + 1)]);
    yield Buffer.concat([valid.subarray(0, place + 1), valid.subarray(place)]);
  }
}

t.test('PV-SEC-039 no octet of a valid leaf can be flipped, left out or doubled, and none cut off: all are MP-120', async (t) => {
  const certificates = createCertificates(trust, { environment: 'test' });
  t.match(await certificates.judge([valid], NOW), {});
  const outcomes = new Map<string, number>();
  for (const mutant of mutants()) {
    if (mutant.equals(valid)) continue;
    const outcome = await certificates.judge([mutant], NOW).then(
      () => 'accepted',
      (error: unknown) => (error instanceof Fault ? error.code : String(error)),
    );
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  t.same([...outcomes.keys()], ['MP-120']);
  t.ok((outcomes.get('MP-120') ?? 0) > 5 * valid.length, 'and they were thousands');
});
