import { constants, createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import t from 'tap';
import { thumbprint } from '../../keys/thumbprint.ts';
import { createVerifier } from '../../keys/verifier.ts';
import type { PublicJwk } from '../../server/core/client.ts';
import type { VerificationKey } from '../../server/core/ports.ts';
import { key } from './pki.ts';

const INPUT = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0';

function publicKey(privateKey: KeyObject): VerificationKey {
  const { kty = '', ...members } = createPublicKey(privateKey).export({ format: 'jwk' });
  const jwk: PublicJwk = { kty, ...members };
  return { jwk, thumbprint: thumbprint(jwk) };
}

const rsa = key('verified', 2048);
const own = publicKey(rsa);
const signature = (digest: string, privateKey = rsa): Buffer => sign(digest, Buffer.from(INPUT), privateKey);

t.test('PV-SEC-010 RS256, RS384 and RS512 verify, each with its own digest', async (t) => {
  const verifier = createVerifier();
  const digests = { RS256: 'sha256', RS384: 'sha384', RS512: 'sha512' };
  for (const alg of Object.keys(digests)) {
    for (const [other, digest] of Object.entries(digests)) {
      t.equal(verifier.verify(alg, own, INPUT, signature(digest)), alg === other, `${alg}, signed by ${other}`);
    }
  }
});

t.test('PV-SEC-010 no other name verifies anything', async (t) => {
  const verifier = createVerifier();
  for (const alg of ['none', 'HS256', 'PS256', 'ES256', 'rs256', 'RS1', '', '__proto__', 'constructor']) {
    t.equal(verifier.verify(alg, own, INPUT, signature('sha256')), false, alg);
  }
  const pss = sign('sha256', Buffer.from(INPUT), { key: rsa, padding: constants.RSA_PKCS1_PSS_PADDING });
  t.equal(verifier.verify('RS256', own, INPUT, pss), false, 'nor does RS256 a PSS signature');
});

t.test('another input, key or signature does not verify', async (t) => {
  const verifier = createVerifier();
  const right = signature('sha256');
  t.equal(verifier.verify('RS256', own, INPUT, right), true);
  t.equal(verifier.verify('RS256', own, `${INPUT}A`, right), false);
  t.equal(verifier.verify('RS256', publicKey(key('other', 2048)), INPUT, right), false);
  t.equal(verifier.verify('RS256', own, INPUT, Buffer.alloc(0)), false);
  t.equal(verifier.verify('RS256', own, INPUT, right.subarray(1)), false);
  t.equal(verifier.verify('RS256', own, INPUT, Buffer.concat([Buffer.alloc(1), right])), false);
  t.equal(verifier.verify('RS256', own, INPUT, Buffer.alloc(256, 0xff)), false);
});

t.test(
  'PV-SEC-011 the key decides: an EC key verifies nothing by an RSA algorithm, nor by its own while that is off',
  async (t) => {
    const verifier = createVerifier();
    const ec = publicKey(key('verified'));
    const plain = sign('sha256', Buffer.from(INPUT), { key: key('verified'), dsaEncoding: 'ieee-p1363' });
    for (const alg of ['RS256', 'ES256']) t.equal(verifier.verify(alg, ec, INPUT, plain), false, alg);
  },
);

t.test('PV-SEC-013 a key that breaks the policy verifies nothing, and never throws', async (t) => {
  const verifier = createVerifier();
  const short = key('short', 1024);
  t.equal(verifier.verify('RS256', publicKey(short), INPUT, signature('sha256', short)), false, '1024 bits');
  const { n } = own.jwk;
  const padded = Buffer.concat([Buffer.from('0001', 'hex'), Buffer.alloc(202, 0xff), Buffer.from('00', 'hex'), digestInfo()]);
  t.equal(padded.length, 256);
  for (const jwk of [
    { kty: 'RSA', n, e: 'AQ' },
    { kty: 'RSA', n, e: 'Aw' },
    { kty: 'RSA', n, e: 'AAEAAQ' },
    { kty: 'RSA', n, e: '' },
    { kty: 'RSA', n: '', e: 'AQAB' },
    { kty: 'RSA', n: 7, e: 'AQAB' },
    { kty: 'RSA' },
    { kty: 'oct', k: n },
    { kty: 'toString' },
  ]) {
    t.equal(verifier.verify('RS256', { jwk, thumbprint: thumbprint(jwk) }, INPUT, padded), false, JSON.stringify(jwk).slice(-20));
    t.equal(verifier.verify('RS256', { jwk, thumbprint: thumbprint(jwk) }, INPUT, signature('sha256')), false, 'asked again');
  }
});

/** The end of what is signed: with the exponent 1 it is its own signature, and anybody can write it. RFC 8017 §9.2 */
function digestInfo(): Buffer {
  const digest = createHash('sha256').update(INPUT).digest();
  return Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest]);
}

t.test('two keys under one thumbprint do not stand in for each other', async (t) => {
  const verifier = createVerifier();
  const other = key('other', 2048);
  const mislabelled = { ...publicKey(other), thumbprint: own.thumbprint };
  t.equal(verifier.verify('RS256', own, INPUT, signature('sha256')), true);
  t.equal(verifier.verify('RS256', mislabelled, INPUT, signature('sha256')), false, "the first key's signature");
  t.equal(verifier.verify('RS256', mislabelled, INPUT, signature('sha256', other)), false, 'not even its own');
});
