import t from 'tap';
import { items, Members, positiveInteger, readDer, readOid, smallInteger, TAG, wholeOctets } from '../../keys/x509/der.ts';
import { oid, sequence, tlv } from './encode.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const nested = (depth: number): Buffer => (depth === 0 ? sequence() : sequence(nested(depth - 1)));

const malformed: readonly [string, Buffer][] = [
  ['nothing', hex('')],
  ['an identifier alone', hex('30')],
  ['a length that is not there', hex('30 82 01')],
  ['a value that is cut off', hex('04 02 00')],
  ['octets after the value', hex('05 00 00')],
  ['octets after a value inside', hex('30 03 05 00 00')],
  ['a value that reaches past the one around it', hex('30 03 04 02 00 00')],
  ['an indefinite length that another reader takes for 128', Buffer.concat([hex('04 80'), Buffer.alloc(128)])],
  ['a long length where a short one would do', hex('04 81 01 00')],
  ['a long length with a leading zero', Buffer.concat([hex('04 82 00 80'), Buffer.alloc(128)])],
  ['a length of five octets', hex('04 85 00 00 00 00 01 00')],
  ['the reserved length FF', hex('04 ff 00')],
  ['a tag number of 31', hex('9f 01 00')],
  ['a tag number above 31', hex('bf 81 01 00')],
  ['a tag of the application class', hex('41 00')],
  ['a tag of the private class', hex('c1 00')],
  ['an end of contents', hex('00 00')],
  ['a REAL', hex('09 00')],
  ['a sequence marked primitive', hex('10 00')],
  ['an octet string in pieces', hex('24 04 04 02 00 00')],
  ['a bit string in pieces', hex('23 00')],
  ['a boolean of two octets', hex('01 02 ff ff')],
  ['a boolean of 01', hex('01 01 01')],
  ['an integer without octets', hex('02 00')],
  ['an integer with a leading 00', hex('02 02 00 7f')],
  ['an integer with a leading FF', hex('02 02 ff 80')],
  ['an enumerated with a leading 00', hex('0a 02 00 01')],
  ['a bit string without octets', hex('03 00')],
  ['an empty bit string with unused bits', hex('03 01 01')],
  ['a bit string with eight unused bits', hex('03 02 08 00')],
  ['a bit string with padding that is set', hex('03 02 01 01')],
  ['a NULL with content', hex('05 01 00')],
  ['an object identifier without octets', hex('06 00')],
  ['an object identifier that does not end', hex('06 02 2a 86')],
  ['an arc with a leading zero', hex('06 03 2a 80 01')],
  ['an arc of eleven octets', hex('06 0c 2a ff ff ff ff ff ff ff ff ff ff 7f')],
  ['text that is not UTF-8', hex('0c 02 c3 28')],
  ['text with an overlong NUL', hex('0c 02 c0 80')],
  ['a PrintableString with an at sign', tlv(TAG.printableString, Buffer.from('a@b'))],
  ['a PrintableString with a NUL', tlv(TAG.printableString, Buffer.from('a\0'))],
  ['a NumericString with a letter', tlv(TAG.numericString, Buffer.from('1a'))],
  ['an IA5String with an eighth bit', tlv(TAG.ia5String, Buffer.from([0xe6]))],
  ['a VisibleString with a line end', tlv(TAG.visibleString, Buffer.from('\n'))],
  ['a BMPString of an odd length', tlv(TAG.bmpString, Buffer.from('a'))],
  ['a UniversalString of half a character', tlv(TAG.universalString, Buffer.from('ab'))],
  ['a depth of 17', nested(17)],
  [
    'a depth of 4000',
    Buffer.concat([
      ...Array.from({ length: 4000 }, (_, n) => hex(`30 83 ${(4 + 5 * (3999 - n)).toString(16).padStart(6, '0')}`)),
      hex('05 00 05 00'),
    ]),
  ],
];
for (const [title, bytes] of malformed) {
  t.test(`PV-SEC-039 ${title} is not DER`, async (t) => {
    t.throws(() => readDer(bytes), /^der: /);
  });
}

t.test('PV-SEC-039 what is DER is read with its octets as they were', async (t) => {
  const bytes = hex('30 0d 02 01 05 a0 03 02 01 06 80 01 07 31 00');
  const value = readDer(bytes);
  t.same(value.der, bytes);
  t.same(
    value.children.map(({ tag }) => tag),
    [TAG.integer, 0xa0, 0x80, TAG.set],
  );
  t.same(value.children[1]?.children[0]?.content, hex('06'));
  t.same(readDer(Buffer.concat([hex('04 81 80'), Buffer.alloc(128)])).content.length, 128);
  t.equal(readDer(nested(16)).children.length, 1);
  for (const text of ["Bygg & Co. (1)*'+,-./:=?", ''])
    t.same(readDer(tlv(TAG.printableString, Buffer.from(text))).content.toString(), text);
});

t.test('members are taken in the order of their type, and none is left', async (t) => {
  const members = new Members(readDer(hex('30 06 02 01 05 02 01 06')));
  t.equal(members.takeIf(TAG.oid), undefined);
  t.same(members.take(TAG.integer).content, hex('05'));
  t.throws(() => members.take(TAG.oid), /^structure: /);
  t.throws(() => members.end(), /^structure: /);
  t.same(members.takeAny()?.content, hex('06'));
  members.end();
  t.throws(() => members.take(TAG.integer), /^structure: /);
  t.throws(() => new Members(readDer(hex('31 00'))), /^structure: /);
  t.throws(() => items(readDer(hex('30 00'))), /^structure: /);
  t.throws(() => items(readDer(hex('31 02 05 00'))), /^structure: /);
});

t.test('object identifiers are read whole, however large', async (t) => {
  for (const dotted of ['1.2.840.113549.1.1.11', '2.5.4.97', '0.9.2342', '2.999.1', '1.39.1', `1.2.${2n ** 69n}`]) {
    t.equal(readOid(readDer(oid(dotted))), dotted);
  }
  t.throws(() => readOid(readDer(hex('05 00'))), /^structure: /);
});

t.test('numbers and bits are what their place asks for', async (t) => {
  t.same(positiveInteger(readDer(hex('02 02 00 80'))), hex('80'));
  for (const wrong of ['02 01 00', '02 01 80', '04 01 01']) t.throws(() => positiveInteger(readDer(hex(wrong))), /^structure: /);
  t.equal(smallInteger(readDer(hex('02 01 00'))), 0);
  t.equal(smallInteger(readDer(hex('02 04 7f ff ff ff'))), 2 ** 31 - 1);
  for (const wrong of ['02 01 ff', '02 05 01 00 00 00 00', '05 00'])
    t.throws(() => smallInteger(readDer(hex(wrong))), /^structure: /);
  t.same(wholeOctets(readDer(hex('03 02 00 01'))), hex('01'));
  for (const wrong of ['03 02 01 02', '04 01 00']) t.throws(() => wholeOctets(readDer(hex(wrong))), /^structure: /);
});
