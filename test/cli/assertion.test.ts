import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import forge from 'node-forge';
import t, { type Test } from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { enterpriseSubject, issue, makeKeyPair, makeTestCa } from '../../fixtures/test-ca.ts';
import { MOMENTARY, matchesGolden } from './golden.ts';
import { newUser } from './portvakt.ts';

// Each command is a process of its own, and many run here, one after the other.
t.setTimeout(120_000);

const NOW = Math.floor(Date.now() / 1000);
const ISSUER = 'https://token.example.no/';
const AS_CLIENT = ['assertion', 'create', '--issuer', ISSUER, '--client-id', 'bygg', '--scope', 'prove:bygg.read'];

const { privateKey, publicKey } = await makeKeyPair();
const ca = await makeTestCa({ now: NOW });
const leaf = issue(ca.issuing, {
  subject: enterpriseSubject({ orgno: '310555037', name: 'Eksempel Bygg AS' }),
  publicKey,
  notBefore: NOW - 60,
  notAfter: NOW + 3600,
});
const chain = leaf.pem + ca.issuing.certificate.pem;

const pem = (key: KeyObject, encryption = {}) => key.export({ type: 'pkcs8', format: 'pem', ...encryption }) as string;

/** A home with the key as `key.pem` and its chain as `chain.pem`. */
async function userWithKey(test: Test) {
  const user = await newUser(test);
  const write = (name: string, content: string | Buffer) => writeFile(join(user.home, name), content, { mode: 0o600 });
  await write('key.pem', pem(privateKey));
  await write('chain.pem', chain);
  return { ...user, write };
}

t.test('assertion create signs what the contract asks for, offline', async (t) => {
  const { run } = await userWithKey(t);
  const { code, stdout, stderr } = await run([...AS_CLIENT, '--key', 'key.pem', '--kid', 'bygg-1']);
  t.equal(code, 0, stderr);
  const { payload, protectedHeader } = await jwtVerify(stdout.trim(), publicKey, { audience: ISSUER, issuer: 'bygg' });
  t.same(protectedHeader, { alg: 'RS256', kid: 'bygg-1' });
  t.match(payload, { scope: 'prove:bygg.read', jti: /^[0-9a-f-]{36}$/ });
  t.equal((payload.exp ?? 0) - (payload.iat ?? 0), 60);
  t.ok(Math.abs((payload.iat ?? 0) - Date.now() / 1000) < 5);
  t.same(Object.keys(payload).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'scope']);
});

t.test('assertion create carries every claim that is asked for', async (t) => {
  const { run, write } = await userWithKey(t);
  await write('details.json', '[{"type":"urn:altinn:systemuser"}]');
  const flags =
    '--resource https://a.example/ --resource urn:b --pid 01819010001 --lifetime 120 --jti once --scope prove:kart.read';
  const { stdout } = await run([
    ...[...AS_CLIENT, '--key', 'key.pem', ...flags.split(' '), '--for', '0192:310555053'],
    ...['--authorization-details', 'details.json'],
  ]);
  const { iat = 0, ...claims } = decodeJwt(stdout);
  t.same(claims, {
    aud: ISSUER,
    iss: 'bygg',
    scope: 'prove:bygg.read prove:kart.read',
    exp: iat + 120,
    jti: 'once',
    resource: ['https://a.example/', 'urn:b'],
    pid: '01819010001',
    consumer_org: '310555053',
    authorization_details: [{ type: 'urn:altinn:systemuser' }],
  });
  const short = await run([...AS_CLIENT, '--key', 'key.pem', '--consumer-org', '310555053', '--authorization-details', '[{}]']);
  t.match(decodeJwt(short.stdout), { consumer_org: '310555053', authorization_details: [{}] });
});

t.test('a key is named by --kid, by the JWK, by the public key beside it, or by its thumbprint', async (t) => {
  const { run, write } = await userWithKey(t);
  const kidOf = async (...flags: string[]) => decodeProtectedHeader((await run([...AS_CLIENT, ...flags])).stdout).kid;
  const thumbprint = await kidOf('--key', 'key.pem');
  t.match(thumbprint, /^[\w-]{43}$/);
  await write('key.pub.jwk', JSON.stringify({ ...publicKey.export({ format: 'jwk' }), kid: 'beside' }));
  t.equal(await kidOf('--key', 'key.pem'), 'beside');
  t.equal(await kidOf('--key', 'key.pem', '--kid', 'named'), 'named');
  await write('key.pub.jwk', JSON.stringify({ kty: 'RSA', n: 'another', e: 'AQAB', kid: 'another' }));
  t.equal(await kidOf('--key', 'key.pem'), thumbprint, 'the public key of another pair says nothing');
  await write('key.jwk', JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: 'in-jwk', alg: 'RS512' }));
  const { stdout } = await run([...AS_CLIENT, '--key', 'key.jwk']);
  t.same(decodeProtectedHeader(stdout), { alg: 'RS512', kid: 'in-jwk' });
});

t.test('with --cert the assertion carries the chain, the own certificate first', async (t) => {
  const { run, write } = await userWithKey(t);
  const x5c = [leaf.der, ca.issuing.certificate.der].map((der) => der.toString('base64'));
  const { stdout } = await run([...AS_CLIENT, '--key', 'key.pem', '--cert', 'chain.pem']);
  t.same(decodeProtectedHeader(stdout), { alg: 'RS256', x5c });
  await write('backwards.pem', ca.issuing.certificate.pem + leaf.pem);
  const backwards = await run([...AS_CLIENT, '--key', 'key.pem', '--cert', 'backwards.pem']);
  t.same(decodeProtectedHeader(backwards.stdout).x5c, x5c);
  await write('foreign.pem', ca.issuing.certificate.pem);
  const foreign = await run([...AS_CLIENT, '--key', 'key.pem', '--cert', 'foreign.pem']);
  t.equal(foreign.code, 8);
  t.match(foreign.stderr, /foreign\.pem: no certificate in it belongs to the key/);
});

t.test(
  'PV-SEC-096 the password of a key file comes from a file, standard input or, with a warning, the environment',
  async (t) => {
    const { run, write } = await userWithKey(t);
    await write('sealed.pem', pem(privateKey, { cipher: 'aes-256-cbc', passphrase: 'hemmelig' }));
    await write('seal.p12', p12('hemmelig', 'aes256'));
    await write('old.p12', p12('hemmelig', '3des'));
    await write('open.p12', p12('', 'aes256'));
    await write('password', 'hemmelig\n');
    for (const flags of [
      ['--key', 'sealed.pem'],
      ['--p12', 'seal.p12'],
      ['--p12', 'old.p12'],
    ]) {
      const create = [...AS_CLIENT, ...flags];
      const fromFile = await run([...create, '--password-file', 'password']);
      await t.resolves(jwtVerify(fromFile.stdout.trim(), publicKey), `${flags} with the password from a file`);
      t.equal(fromFile.stderr, '');
      t.equal((await run([...create, '--password-file', '-'], { input: 'hemmelig' })).code, 0);
      const fromEnvironment = await run(create, { env: { PORTVAKT_PASSWORD: 'hemmelig' } });
      t.equal(fromEnvironment.code, 0);
      t.match(fromEnvironment.stderr, /! the password comes from the environment/);
      const nobodyToAsk = await run(create);
      t.equal(nobodyToAsk.code, 2);
      t.match(nobodyToAsk.stderr, /give it with --password-file FILE/);
      const wrong = await run([...create, '--password-file', '-'], { input: 'feil' });
      t.equal(wrong.code, 8);
      t.match(wrong.stderr, /the password is wrong/);
    }
    t.equal((await run([...AS_CLIENT, '--p12', 'open.p12'])).code, 0, 'an empty password is not asked for');
  },
);

t.test('a PKCS#12 file gives key and certificates', async (t) => {
  const { run, write } = await userWithKey(t);
  await write('seal.p12', p12('', 'aes256'));
  const { x5c, kid } = decodeProtectedHeader((await run([...AS_CLIENT, '--p12', 'seal.p12'])).stdout);
  t.same(
    x5c,
    [leaf.der, ca.issuing.certificate.der].map((der) => der.toString('base64')),
  );
  t.equal(kid, undefined);
});

t.test('a --key that others can read is warned about and used', async (t) => {
  const { run, home } = await userWithKey(t);
  await chmod(join(home, 'key.pem'), 0o644);
  const { code, stderr } = await run([...AS_CLIENT, '--key', 'key.pem']);
  t.equal(code, 0);
  t.match(stderr, /! key\.pem can be read by other users of this machine; chmod 600 key\.pem/);
});

t.test('what cannot be signed with is refused with the file named, and nothing is printed', async (t) => {
  const { run, write } = await userWithKey(t);
  await write('ec.pem', pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey));
  await write('short.pem', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey));
  await write('public.pem', createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) as string);
  await write('broken.jwk', '{"kty":"RSA"');
  await write('text.p12', 'no DER');
  await write('broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  const cases: [string[], number, RegExp][] = [
    [['--key', 'ec.pem'], 8, /ec\.pem holds a key of type ec/],
    [['--key', 'short.pem'], 8, /short\.pem holds an RSA key of 1024 bits/],
    [['--key', 'public.pem'], 8, /public\.pem: it is no private key/],
    [['--key', 'broken.jwk'], 8, /broken\.jwk: it is no private JWK/],
    [['--key', 'missing.pem'], 6, /missing\.pem: there is no such file/],
    [['--key', '.'], 8, /it is a folder/],
    [['--p12', 'text.p12'], 8, /text\.p12 cannot be opened as PKCS#12/],
    [['--key', 'key.pem', '--cert', 'broken.pem'], 8, /broken\.pem: a certificate in it cannot be read/],
    [['--key', 'key.pem', '--p12', 'seal.p12'], 2, /cannot be used with/],
    [[], 2, /there is no key to sign with/],
  ];
  for (const [flags, exit, message] of cases) {
    const { code, stdout, stderr } = await run([...AS_CLIENT, ...flags]);
    t.equal(code, exit, flags.join(' '));
    t.match(stderr, message);
    t.equal(stdout, '');
  }
});

t.test('numbers and scopes are checked before anything is signed', async (t) => {
  const { run } = await userWithKey(t);
  const cases: [string[], number][] = [
    [['--consumer-org', '310555038'], 8],
    [['--for', '0007:1234567890'], 8],
    [['--pid', '01819010002'], 8],
    [['--scope', 'prove:bygg.read'], 8],
    [['--scope', 'prøve'], 8],
    [['--lifetime', '0'], 8],
    [['--lifetime', 'long'], 8],
    [['--authorization-details', '[{]'], 8],
    [['--authorization-details', 'missing.json'], 6],
  ];
  for (const [flags, exit] of cases) {
    const { code, stdout } = await run([...AS_CLIENT, '--key', 'key.pem', ...flags]);
    t.equal(code, exit, flags.join(' '));
    t.equal(stdout, '');
  }
  const scopeless = await run(['assertion', 'create', '--issuer', ISSUER, '--client-id', 'a', '--key', 'key.pem']);
  t.equal(scopeless.code, 2);
  t.match(scopeless.stderr, /add --scope/);
  const aimless = await run(['assertion', 'create', '--client-id', 'a', '--key', 'key.pem', '--scope', 'a:b']);
  t.equal(aimless.code, 2);
  t.match(aimless.stderr, /give --issuer URL/);
  const nobody = await run(['assertion', 'create', '--issuer', ISSUER, '--key', 'key.pem', '--scope', 'a:b']);
  t.equal(nobody.code, 2);
  t.match(nobody.stderr, /give --client NAME or --client-id ID/);
});

t.test('assertion create and inspect print their answer in every format', async (t) => {
  const { run } = await userWithKey(t);
  const create = [...AS_CLIENT, '--key', 'key.pem', '--kid', 'bygg-1', '--jti', 'once'];
  const { stdout: assertion } = await run(create);
  for (const format of ['table', 'wide', 'json', 'yaml', 'csv', 'name']) {
    const created = await run([...create, '-o', format]);
    matchesGolden(t, `assertion-create.${format}`, { text: created.stdout, masks: MOMENTARY });
    const inspected = await run(['assertion', 'inspect', '-', '--utc', '-o', format], { input: assertion });
    t.equal(inspected.code, 0, inspected.stderr);
    matchesGolden(t, `assertion-inspect.${format}`, { text: inspected.stdout, masks: MOMENTARY });
  }
});

t.test('assertion inspect tells what the contract refuses in the shape, with code, expected and got', async (t) => {
  const { run } = await newUser(t);
  const options = { clientId: 'bygg', audience: ISSUER, scope: 'prove:bygg.read', key: privateKey, kid: 'k', now: NOW };
  const cases: [string, Parameters<typeof makeAssertion>[0] | string, object][] = [
    ['not a JWS', 'abc', { code: 'MP-011', detail: /three parts/ }],
    ['a line break inside', 'eyJh\nbGc.e30.AA', { code: 'MP-011', detail: /base64url/ }],
    ['alg none', { ...options, header: { alg: 'none' } }, { code: 'MP-011', expected: /RS256/ }],
    ['iat a string', { ...options, claims: { iat: '1' } }, { code: 'MP-011', expected: /^iat: /, got: 'string' }],
    ['an unknown claim', { ...options, claims: { foo: 1 } }, { code: 'PV-014', got: 'foo' }],
    ['121 seconds', { ...options, lifetime: 121 }, { code: 'PV-132', expected: '1 to 120 s', got: '121 s' }],
    ['neither kid nor x5c', { ...options, header: { kid: undefined } }, { code: 'PV-127' }],
    ['both kid and x5c', { ...options, x5c: ['AAAA'] }, { code: 'PV-128' }],
    ['x5c a string', { ...options, header: { kid: undefined, x5c: 'AAAA' } }, { code: 'MP-123', got: 'string' }],
    ['a consumer_org that cannot be', { ...options, claims: { consumer_org: '310555038' } }, { code: 'MP-011' }],
    ['a resource that is no URI', { ...options, claims: { resource: 'api' } }, { code: 'MP-011', expected: /^resource: / }],
  ];
  for (const [what, made, finding] of cases) {
    const input = typeof made === 'string' ? made : await makeAssertion(made);
    const { code, stdout, stderr } = await run(['assertion', 'inspect', '-', '-o', 'json'], { input });
    t.equal(code, 9, what);
    const { checks, refused } = JSON.parse(stdout);
    const failed = checks.filter(({ result }: { result: string }) => result === 'fail');
    t.match(failed, [finding], what);
    t.equal(failed.length, 1);
    t.equal(JSON.parse(stderr).error.code, refused);
    const told = await run(['assertion', 'inspect', '-'], { input });
    t.match(told.stdout, new RegExp(`✗ ${refused} {2}not so: `));
    t.match(told.stderr, new RegExp(`^✗ ${refused} `));
  }
});

t.test('assertion inspect judges aud where the issuer is named', async (t) => {
  const { run } = await newUser(t);
  const input = await makeAssertion({ clientId: 'a', audience: ISSUER, scope: 'a:b', key: privateKey, kid: 'k', now: NOW });
  t.equal((await run(['assertion', 'inspect', '-', '--issuer', ISSUER], { input })).code, 0);
  const { code, stdout } = await run(['assertion', 'inspect', '-', '--issuer', 'https://other.example/'], { input });
  t.equal(code, 9);
  t.match(stdout, /✗ MP-110 {2}not so: aud is the issuer\n {6}got another value, expected https:\/\/other\.example\//);
});

t.test('assertion inspect looks long after as it did at once: time is told, not judged', async (t) => {
  const { run } = await newUser(t);
  const input = await makeAssertion({ clientId: 'a', audience: ISSUER, scope: 'a:b', key: privateKey, kid: 'k', now: NOW - 9e6 });
  const { code, stdout } = await run(['assertion', 'inspect', '-'], { input });
  t.equal(code, 0);
  t.match(stdout, /exp .* 104 days ago, /);
});

t.test('what an assertion says cannot write to the terminal', async (t) => {
  const { run } = await newUser(t);
  const claims = { scope: 'a:b \u001b[2J\u009b31m' };
  const input = await makeAssertion({ clientId: 'a', audience: ISSUER, key: privateKey, kid: 'k', now: NOW, claims });
  const { stdout } = await run(['assertion', 'inspect', '-'], { input });
  t.notMatch(stdout, /[\u001b\u009b]/);
  t.match(stdout, /\\x1b\[2J\\x9b31m/);
});

t.test('an assertion is read from an argument, a file or standard input', async (t) => {
  const { run, home } = await newUser(t);
  const assertion = await makeAssertion({ clientId: 'a', audience: ISSUER, scope: 'a:b', key: privateKey, kid: 'k', now: NOW });
  await writeFile(join(home, 'request.jwt'), `${assertion}\n`);
  for (const argument of [assertion, 'request.jwt', '-']) {
    const { code, stdout } = await run(['assertion', 'inspect', argument, '-o', 'name'], { input: assertion });
    t.equal(code, 0);
    t.match(stdout, /^assertion\//);
  }
  t.equal((await run(['assertion', 'inspect', 'missing.jwt'])).code, 6);
});

/** The key with its chain as a PKCS#12 file. */
function p12(password: string, algorithm: 'aes256' | '3des'): Buffer {
  const key = forge.pki.privateKeyFromPem(pem(privateKey));
  const certificates = [leaf, ca.issuing.certificate].map(({ der }) => new X509Certificate(der).toString());
  const asn1 = forge.pkcs12.toPkcs12Asn1(
    key,
    certificates.map((each) => forge.pki.certificateFromPem(each)),
    password,
    { algorithm },
  );
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'binary');
}
