import { generateKeyPairSync, verify } from 'node:crypto';
import { compactVerify } from 'jose';
import t from 'tap';
import { createSigner } from '../../keys/signer.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const kid = 'Zx3v0mC2yV5n1oQbXn9Yw7h4cTQ2kE8rJp6sLdUaGfM';
const signer = createSigner(kid, privateKey);

t.test('the header of a token is exactly kid and alg (contract §2.2)', async (t) => {
  const [header = ''] = (await signer.sign({})).split('.');
  t.equal(Buffer.from(header, 'base64url').toString(), `{"kid":"${kid}","alg":"RS256"}`);
});

t.test('a token is a compact JWS over the claims as they are, signed with RS256 (RFC 7515 §7.1)', async (t) => {
  const claims = { scope: 'prove:bygg.read', consumer: { ID: '0192:310555037' }, text: 'æ 😀 "\n' };
  const token = await signer.sign(claims);
  t.match(token, /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{342}$/);
  const { payload, protectedHeader } = await compactVerify(token, publicKey, { algorithms: ['RS256'] });
  t.equal(Buffer.from(payload).toString(), JSON.stringify(claims));
  t.same(protectedHeader, { kid, alg: 'RS256' });
});

t.test('the signature covers header and claims', async (t) => {
  const [header, payload, signature = ''] = (await signer.sign({ scope: 'a' })).split('.');
  const holds = (input: string) => verify('sha256', Buffer.from(input), publicKey, Buffer.from(signature, 'base64url'));
  t.equal(holds(`${header}.${payload}`), true);
  t.equal(holds(`${header}.${Buffer.from('{"scope":"b"}').toString('base64url')}`), false);
  t.equal(holds(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}`), false);
});
