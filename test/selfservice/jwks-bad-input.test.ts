import { randomBytes } from 'node:crypto';
import t from 'tap';
import { makeKeyPair } from '../../fixtures/test-ca.ts';
import { refusedByApi, startApi } from './api.ts';

const api = await startApi(t);
const { server } = api;
const consumer = await api.as('consumer', ['idporten:dcr.write']);
const { publicKey, privateKey } = await makeKeyPair();
const good = { ...publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig', alg: 'RS256' };
const whole = privateKey.export({ format: 'jwk' });
const { body: client } = await consumer.post('/clients', { client_name: 'a', description: 'a' });
const path = `/clients/${client.client_id}/jwks`;
await consumer.post(path, { keys: [{ ...good, kid: 'stands' }] });
const before = await server.storage.clients.list();
const records = (await server.storage.audit.list(1000)).length;

/** A modulus of that many bits, odd, and no other good. */
function modulus(bits: number): string {
  const octets = randomBytes(bits / 8);
  octets[0] = 0x80 | (octets[0] ?? 0);
  octets[octets.length - 1] = 1 | (octets.at(-1) ?? 0);
  return octets.toString('base64url');
}

const flawed: readonly [title: string, member: string, changes: object][] = [
  ['PV-SEC-014 a private key', 'd', { ...whole }],
  ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].map((member): [string, string, object] => [
    `PV-SEC-014 the private member ${member}`,
    member,
    { [member]: 'aGVtbWVsaWc' },
  ]),
  ['contract §5.3 no use', 'use', { use: undefined }],
  ['PV-SEC-014 a key for encryption', 'use', { use: 'enc' }],
  ['contract §5.3 no alg', 'alg', { alg: undefined }],
  ['contract §1.6 alg PS256', 'alg', { alg: 'PS256' }],
  ['contract §1.6 alg none', 'alg', { alg: 'none' }],
  ['contract §1.6 alg in lower case', 'alg', { alg: 'rs256' }],
  ['contract §5.3 no kid', 'kid', { kid: undefined }],
  ...['', 'a b', 'a/b', 'æ', '.', '..', 'a\n', 'a'.repeat(256), 7].map((kid): [string, string, object] => [
    `contract §5.3 the kid ${JSON.stringify(kid).slice(0, 20)}`,
    'kid',
    { kid },
  ]),
  ['contract §1.6 an EC key', 'kty', { kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ' }],
  ['contract §1.6 a symmetric key', 'kty', { kty: 'oct' }],
  ['no kty', 'kty', { kty: undefined }],
  ['no modulus', 'n', { n: undefined }],
  ['no exponent', 'e', { e: undefined }],
  ['PV-SEC-013 the exponent 1', 'e', { e: 'AQ' }],
  ['PV-SEC-013 the exponent 3', 'e', { e: 'Aw' }],
  ['PV-SEC-013 an even exponent', 'e', { e: 'AQAC' }],
  ['PV-SEC-013 a huge exponent', 'e', { e: modulus(2048) }],
  ['PV-SEC-013 512 bits', 'n', { n: modulus(512) }],
  ['PV-SEC-013 1024 bits', 'n', { n: modulus(1024) }],
  ['PV-SEC-013 2040 bits', 'n', { n: modulus(2040) }],
  ['PV-SEC-013 8192 bits', 'n', { n: modulus(8192) }],
  ['PV-SEC-013 65536 bits', 'n', { n: modulus(65536) }],
  ['PV-SEC-013 a modulus of zeros', 'n', { n: 'A'.repeat(342) }],
  ['RFC 7518 §6.3.1.1 a modulus in standard base64', 'n', { n: `${good.n}==` }],
  ['PV-SEC-014 operations that are not verifying', 'key_ops', { key_ops: ['sign'] }],
  ['operations that are no list', 'key_ops', { key_ops: 'verify' }],
  ['a certificate that is none', 'x5c', { x5c: ['MAA='] }],
  ['a certificate that is no base64', 'x5c', { x5c: ['%%%'] }],
  ['certificates that are no list', 'x5c', { x5c: 'MAA=' }],
  ['six certificates', 'x5c', { x5c: Array(6).fill('MAA=') }],
  ['a certificate of 9 KiB', 'x5c', { x5c: [Buffer.alloc(9 * 1024).toString('base64')] }],
  ['an end that is a string', 'exp', { exp: '1798761600' }],
  ['an end with a fraction', 'exp', { exp: 1798761600.5 }],
  ['an end before 1970', 'exp', { exp: -1 }],
];
for (const [title, member, changes] of flawed) {
  t.test(`${title} is refused, and the member is named`, async (t) => {
    const key = { ...good, ...changes };
    const [name] = member.split('.');
    for (const [answer, field] of [
      [await consumer.post(path, { keys: [{ ...good, kid: 'fine' }, key] }), `keys.1.${name}`],
      [await consumer.put(`${path}/k`, key), member],
    ] as const) {
      t.equal(answer.status, 400);
      refusedByApi(t, answer, 'PV-601', field);
      t.notMatch(answer.text, /aGVtbWVsaWc/);
    }
  });
}

const sets: readonly [title: string, body: object | string, code: string, field?: string][] = [
  ['T29 no keys', { keys: [] }, 'PV-601', 'keys'],
  ['T29 six keys', { keys: Array.from({ length: 6 }, (_, place) => ({ ...good, kid: `k${place}` })) }, 'PV-601', 'keys'],
  ['T29 a kid that is named twice', { keys: [good, good] }, 'PV-601', 'keys'],
  ['no member keys', { jwks: [good] }, 'PV-601', 'keys'],
  ['keys that are no list', { keys: good }, 'PV-601', 'keys'],
  ['keys that are no objects', { keys: ['k'] }, 'PV-601', 'keys.0'],
  ['a key alone', good, 'PV-601', 'keys'],
  ['keys that are null', { keys: null }, 'PV-601', 'keys'],
  ['no body', '', 'PV-601', 'keys'],
  ['a member of a key that occurs twice', `{"keys":[{"kid":"a","kid":"b"}]}`, 'PV-602'],
  ['__proto__ in a key', `{"keys":[{"__proto__":{"d":"x"},"kid":"b"}]}`, 'PV-602'],
  ['a thousand keys and more', { keys: Array(2000).fill({}) }, 'PV-602'],
  ['1 MB', { keys: [{ ...good, comment: 'a'.repeat(1_000_000) }] }, 'PV-019'],
];
for (const [title, body, code, field] of sets) {
  t.test(`${title} as a key set: refused with ${code}, and an error in words`, async (t) => {
    for (const send of [consumer.post, consumer.put]) refusedByApi(t, await send(path, body), code, field);
  });
}

t.test('nothing of all this is stored, recorded or logged', async (t) => {
  t.same(await server.storage.clients.list(), before);
  t.equal((await server.storage.audit.list(1000)).length, records);
  const logged = JSON.stringify(server.lines);
  for (const secret of ['aGVtbWVsaWc', whole.d ?? '', whole.p ?? '', good.n ?? ''])
    t.notOk(logged.includes(secret), 'PV-SEC-104 the log holds nothing of a key');
  t.ok(logged.includes('PV-601'), 'though it was written to');
});
