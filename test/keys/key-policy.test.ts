import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import t from 'tap';
import { rsaFlaw, rsaJwkFlaw } from '../../keys/key-policy.ts';
import { readPublicJwk } from '../../keys/public-jwk.ts';
import { thumbprint } from '../../keys/thumbprint.ts';
import { weakness } from '../../keys/weak-modulus.ts';
import type { JsonValue } from '../../server/core/strict-json.ts';
import { extension, key, makeLeaf, makeRoot } from './pki.ts';

const base64url = (n: bigint): string =>
  Buffer.from(n.toString(16).padStart(2 * Math.ceil(n.toString(16).length / 2), '0'), 'hex').toString('base64url');
const octets = (n: bigint): Buffer => Buffer.from(base64url(n), 'base64url');

const { n = '', e = '' } = createPublicKey(key('registered', 2048)).export({ format: 'jwk' });
const number = (text: string): bigint => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`);
const good = { kid: 'bygg-uttrekk-2026.01_a', use: 'sig', alg: 'RS256', kty: 'RSA', n, e };

/** An odd number of so many bits without a small factor. */
function modulus(bits: number): bigint {
  for (let candidate = 2n ** BigInt(bits - 1) + 1n; ; candidate += 2n) if (weakness(candidate) === undefined) return candidate;
}

t.test('PV-SEC-013 an RSA key has 2048 to 4096 bits, a CA up to 8192', async (t) => {
  const flaw = (bits: number, holder: 'end_entity' | 'ca') =>
    rsaFlaw({ n: octets(modulus(bits)), e: Buffer.from('010001', 'hex') }, holder);
  for (const bits of [2048, 2049, 3072, 4095, 4096]) t.equal(flaw(bits, 'end_entity'), undefined);
  for (const bits of [512, 1024, 2047]) t.match(flaw(bits, 'end_entity'), /at least 2048/);
  for (const bits of [4097, 8192, 16384]) t.match(flaw(bits, 'end_entity'), /at most 4096/);
  for (const bits of [2048, 8192]) t.equal(flaw(bits, 'ca'), undefined);
  t.match(flaw(8193, 'ca'), /at most 8192/);
  t.match(flaw(2047, 'ca'), /at least 2048/);
  t.match(rsaFlaw({ n: Buffer.alloc(0), e: Buffer.from([3]) }, 'ca'), /at least 2048/);
});

t.test('PV-SEC-013 an exponent is odd and at least 65537', async (t) => {
  for (const exponent of [65537n, 65539n, 2n ** 32n + 1n, 2n ** 64n - 1n])
    t.equal(rsaJwkFlaw({ kty: 'RSA', n, e: base64url(exponent) }), undefined, `${exponent}`);
  for (const exponent of [0n, 1n, 2n, 3n, 17n, 65535n, 65536n, 65538n, 2n ** 64n + 1n, number(n)]) {
    t.type(rsaJwkFlaw({ kty: 'RSA', n, e: base64url(exponent) }), 'string', `${exponent}`.slice(0, 20));
  }
});

t.test('PV-SEC-013 a modulus is odd, without a small factor, and not of the ROCA generator', async (t) => {
  t.match(rsaJwkFlaw({ kty: 'RSA', n: base64url(number(n) + 1n), e }), /even/);
  for (const factor of [3n, 701n, 751n]) t.match(weakness(modulus(1500) * factor), /small factor/);
  t.equal(weakness(757n * 761n), undefined);
  t.match(weakness(rocaLike()), /ROCA/);
  for (let count = 0; count < 5; count++) {
    const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
    t.equal(rsaJwkFlaw({ kty: 'RSA', n: jwk.n, e: jwk.e }), undefined, 'an honest key');
  }
});

/** A product of two numbers k*M + (65537^a mod M), M the product of the primes up to 701, as the flawed generator made its primes. */
function rocaLike(): bigint {
  let product = 1n;
  for (let p = 2n; p <= 701n; p++) if (isPrime(p)) product *= p;
  const factor = (k: bigint, a: bigint): bigint => k * product + power(65537n, a, product);
  return factor(0x12345n, 1234567n) * factor(0x54321n, 7654321n);
}

function isPrime(p: bigint): boolean {
  for (let d = 2n; d * d <= p; d++) if (p % d === 0n) return false;
  return true;
}

function power(base: bigint, exponent: bigint, modulo: bigint): bigint {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % modulo) {
    if (rest & 1n) result = (result * square) % modulo;
  }
  return result;
}

t.test('RFC 7638 the thumbprint is the one that jose computes, and that of the RFC for its key', async (t) => {
  t.equal(thumbprint({ kty: 'RSA', n, e }), await calculateJwkThumbprint({ kty: 'RSA', n, e }));
  t.equal(thumbprint({ ...good }), thumbprint({ kty: 'RSA', e, n }), 'other members change nothing');
  const ec = createPublicKey(key('registered')).export({ format: 'jwk' });
  t.equal(thumbprint({ ...ec, kty: 'EC' }), await calculateJwkThumbprint({ ...ec, kty: 'EC' }));
});

t.test('contract §5.3 a public RSA key is read for registration', async (t) => {
  const jwk = { kty: 'RSA', n, e };
  t.same(readPublicJwk(good), { kid: good.kid, jwk, thumbprint: thumbprint(jwk), alg: 'RS256' });
  const { alg, ...withoutAlg } = good;
  t.notOk('alg' in readPublicJwk(withoutAlg), `${alg} was left out`);
  t.match(
    readPublicJwk({ ...good, key_ops: ['verify'], created: '2026', unknown: { a: 1 } }),
    { jwk },
    'what else stands there is ignored',
  );
});

const refused: readonly [string, Record<string, JsonValue>, RegExp][] = [
  ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].map((member): [string, Record<string, JsonValue>, RegExp] => [
    `PV-SEC-014 with the private member ${member}`,
    { [member]: 'c2VjcmV0' },
    /private member/,
  ]),
  ['PV-SEC-014 for encryption', { use: 'enc' }, /use/],
  ['PV-SEC-014 for signing, by its operations', { key_ops: ['sign'] }, /key_ops/],
  ['PV-SEC-014 with operations that are no list', { key_ops: 'verify' }, /key_ops/],
  ['contract §5.3 without a kid', { kid: '' }, /kid/],
  ['contract §5.3 with a kid of other characters', { kid: 'a b' }, /kid/],
  ['contract §5.3 with a kid that is no string', { kid: 7 }, /kid/],
  ['contract §5.3 with a kid of 256 characters', { kid: 'a'.repeat(256) }, /kid/],
  ['PV-SEC-010 for HS256', { alg: 'HS256' }, /alg/],
  ['PV-SEC-010 for PS256 while it is off', { alg: 'PS256' }, /alg/],
  ['PV-SEC-010 for rs256 in lower case', { alg: 'rs256' }, /alg/],
  ['contract §1.6 on an elliptic curve', { kty: 'EC' }, /RSA/],
  ['contract §1.6 with kty in lower case', { kty: 'rsa' }, /RSA/],
  ['PV-SEC-014 a symmetric one without its key', { kty: 'oct' }, /RSA/],
  ['RFC 7518 §6.3.1.1 with padding in n', { n: `${n}=` }, /base64url/],
  ['RFC 7518 §6.3.1.1 with a leading zero in n', { n: base64url(0n) + n }, /base64url/],
  ['RFC 7518 §6.3.1.1 with n in standard base64', { n: `+${n.slice(1)}` }, /base64url/],
  ['RFC 7518 §6.3.1.1 with white space in n', { n: `${n}\n` }, /base64url/],
  ['RFC 7518 §6.3.1.2 with a leading zero in e', { e: 'AAEAAQ' }, /base64url/],
  ['PV-SEC-013 with exponent 3', { e: 'Aw' }, /exponent/],
  ['PV-SEC-013 of 1024 bits', { n: base64url(modulus(1024)) }, /1024 bits/],
  ['contract §5.3 with an x5c that is no list', { x5c: 'MII' }, /x5c/],
  ['contract §5.3 with an x5c that is no certificate', { x5c: ['MAA='] }, /x5c/],
  ['contract §5.3 with the certificate of another key', { x5c: [leafOf(2).toString('base64')] }, /another key/],
];
for (const [title, change, flaw] of refused) {
  t.test(`a key ${title} is not registered, and none of it is repeated`, async (t) => {
    const outcome = readPublicJwk({ ...good, ...change });
    if (!('flaw' in outcome)) return t.fail('registered');
    t.match(outcome.flaw, flaw);
    t.notMatch(outcome.flaw, /c2VjcmV0/);
    t.notOk(outcome.flaw.includes(n.slice(0, 20)));
  });
}

t.test('contract §5.3 a key is registered with its own certificate', async (t) => {
  const x5c = [leafOf(1).toString('base64')];
  t.match(readPublicJwk({ ...good, x5c }), { thumbprint: thumbprint({ kty: 'RSA', n, e }), x5c });
});

/** A certificate of the key above, or of another one. */
function leafOf(which: 1 | 2): Buffer {
  return makeLeaf(makeRoot(), { key: key(which === 1 ? 'registered' : 'other', 2048), extensions: [extension.keyUsage(0)] });
}

t.test('the fingerprint is no accident of this test: a digest as a modulus does not have it', async (t) => {
  const accident = Array.from({ length: 200 }, (_, n) => BigInt(`0x${createHash('sha512').update(`${n}`).digest('hex')}`));
  t.notOk(accident.some((candidate) => weakness(candidate)?.includes('ROCA')));
});
