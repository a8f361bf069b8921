import t, { type Test } from 'tap';
import { ASSERTION_LIMITS, decodeBase64url, parseStrictObject } from '../../server/core/strict-json.ts';

const read = (text: string) => parseStrictObject(Buffer.from(text), ASSERTION_LIMITS);

function refuses(t: Test, text: string | Buffer, message: string): void {
  t.throws(() => parseStrictObject(Buffer.from(text), ASSERTION_LIMITS), { code: 'MP-011' }, message);
}

t.test('one JSON object is read as JSON.parse reads it (RFC 8259)', async (t) => {
  for (const text of [
    '{}',
    ' {"a" : 1 } ',
    '{"a":[1,-2.5e3,true,false,null,"x\\u00e6\\n\\"\\\\"],"b":{"c":{}}}',
    '{"":0}',
    '{"æ":"😀","\\ud83d\\ude00":1}',
  ]) {
    t.same(read(text), JSON.parse(text), text);
  }
});

t.test('PV-SEC-003 what is not one JSON object in UTF-8 is refused', async (t) => {
  for (const text of [
    '',
    ' ',
    '[]',
    '"x"',
    '1',
    'null',
    '{',
    '{}{}',
    '{} x',
    "{'a':1}",
    '{"a":1,}',
    '{"a"}',
    '{a:1}',
    '[{}]',
    '{"a":01}',
    '{"a":+1}',
    '{"a":.5}',
    '{"a":1.}',
  ]) {
    refuses(t, text, text);
  }
  for (const text of [
    '{"a":NaN}',
    '{"a":1e999}',
    '{"a":tru}',
    '{"a":"\n"}',
    '{"a":"\\x"}',
    '{"a":"\\u12"}',
    '{"a":"x}',
    '{"a":/**/1}',
    '{"a":1;}',
    '{"a":"\\ud800"}',
  ]) {
    refuses(t, text, text);
  }
  refuses(t, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{}')]), 'a byte order mark');
  refuses(t, Buffer.from('{"a":"\xe6"}', 'latin1'), 'latin-1');
  refuses(t, Buffer.from([0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d]), 'an overlong form');
});

t.test('PV-SEC-004 a member that occurs twice is refused, at any depth and however it is escaped', async (t) => {
  for (const text of ['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"x":{"a":1,"b":2,"a":3}}', '{"x":[{"a":1,"a":1}]}'])
    refuses(t, text, text);
});

t.test('PV-SEC-005 depth, members, items and string lengths are bounded', async (t) => {
  const members = (count: number) => `{${Array.from({ length: count }, (_, i) => `"m${i}":1`).join(',')}}`;
  const nested = (depth: number) => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
  const items = (count: number) => `{"a":[${Array(count).fill('1').join(',')}]}`;
  const string = (length: number) => `{"a":"${'x'.repeat(length)}"}`;
  for (const text of [members(64), nested(8), items(64), string(8192)]) t.ok(read(text), `${text.slice(0, 20)} at the limit`);
  for (const text of [members(65), nested(9), items(65), string(8193), nested(20000)])
    refuses(t, text, `${text.slice(0, 20)} beyond it`);
  t.ok(read(`{"x5c":["${'A'.repeat(10000)}"]}`), 'strings of x5c may be longer');
  refuses(t, `{"a":{"x5c":["${'A'.repeat(10000)}"]}}`, 'but only in the outermost object');
});

t.test('PV-SEC-006 members that reach a prototype are refused, and what is read has none', async (t) => {
  for (const name of ['__proto__', 'constructor', 'prototype', '\\u005f_proto__']) {
    refuses(t, `{"${name}":{}}`, name);
    refuses(t, `{"a":[{"${name}":1}]}`, `${name}, deeper`);
  }
  t.equal(Object.getPrototypeOf(read('{}')), null);
});

t.test('PV-SEC-002 base64url is canonical: its alphabet alone, no padding, unused bits zero', async (t) => {
  t.same(decodeBase64url('AQAB'), Buffer.from([1, 0, 1]));
  t.same(decodeBase64url('_-8'), Buffer.from([0xff, 0xef]));
  for (const text of ['', 'AQ==', 'A', 'AQA=', 'AR', 'AQB', 'A+A', 'A/A', 'AQ AB', 'AQAB\n', 'ÅQAB'])
    t.equal(decodeBase64url(text), undefined, JSON.stringify(text));
});
