import { createPrivateKey } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint } from 'jose';
import t from 'tap';
import { type Mask, matchesGolden } from './golden.ts';
import { newUser } from './portvakt.ts';

t.test('key generate keeps the private key to its owner, and puts the public JWK beside it', async (t) => {
  const { run, home } = await newUser(t);
  const { code, stdout, stderr } = await run(['key', 'generate', '--out', './bygg.pem']);
  t.equal(code, 0);
  t.match(stderr, /bygg\.pem is the private key[^\n]*\n✓ \.\/bygg\.pub\.jwk is the public key/);
  t.equal((await stat(join(home, 'bygg.pem'))).mode & 0o777, 0o600);
  const pem = await readFile(join(home, 'bygg.pem'), 'utf8');
  t.match(pem, /^-----BEGIN PRIVATE KEY-----\n/, 'PKCS#8');
  const { n, e } = createPrivateKey(pem).export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint({ kty: 'RSA', n: n ?? '', e: e ?? '' });
  const jwk = { kty: 'RSA', n, e, kid, use: 'sig', alg: 'RS256' };
  t.same(JSON.parse(stdout), jwk, 'public members alone, named by its thumbprint');
  t.same(JSON.parse(await readFile(join(home, 'bygg.pub.jwk'), 'utf8')), jwk);
});

t.test('key generate prints its answer in every format', async (t) => {
  const { run } = await newUser(t);
  const masks: readonly Mask[] = [[/[\w-]{300,}/g, 'MODULUS']];
  for (const format of ['table', 'wide', 'json', 'yaml', 'csv', 'name']) {
    const { stdout } = await run(['key', 'generate', '--out', `${format}.pem`, '--kid', 'bygg-2027', '-o', format]);
    matchesGolden(t, `key-generate.${format}`, { text: stdout, masks });
  }
});

t.test('key generate takes a name and a size', async (t) => {
  const { run } = await newUser(t);
  const { stdout } = await run(['key', 'generate', '--kid', 'seal', '--bits', '3072', '-o', 'json']);
  const { kid, bits, private_key_file, jwk } = JSON.parse(stdout);
  t.same([kid, bits, private_key_file], ['seal', 3072, 'key.pem']);
  t.equal(Buffer.from(jwk.n, 'base64url').length * 8, 3072);
  t.equal((await run(['key', 'generate', '--out', 'b.pem', '--bits', '1024'])).code, 2, 'too weak to be a choice');
});

t.test('key generate overwrites nothing, and leaves no half pair', async (t) => {
  const { run, home } = await newUser(t);
  await writeFile(join(home, 'a.pem'), 'mine');
  const taken = await run(['key', 'generate', '--out', 'a.pem']);
  t.equal(taken.code, 7);
  t.match(taken.stderr, /a\.pem exists, and no key is overwritten/);
  t.equal(await readFile(join(home, 'a.pem'), 'utf8'), 'mine');
  await writeFile(join(home, 'b.pub.jwk'), 'mine');
  t.equal((await run(['key', 'generate', '--out', 'b.pem'])).code, 7);
  await mkdir(join(home, 'locked'), { mode: 0o500 });
  t.equal((await run(['key', 'generate', '--out', 'missing/c.pem'])).code, 6);
  t.same((await readdir(home)).sort(), ['a.pem', 'b.pub.jwk', 'locked']);
});

t.test('with -q only the key is printed, and the talk is left out', async (t) => {
  const { run } = await newUser(t);
  const { stdout, stderr } = await run(['key', 'generate', '-q']);
  t.equal(stderr, '');
  t.ok(JSON.parse(stdout).n);
});
