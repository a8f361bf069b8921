import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { decodeJwt, SignJWT } from 'jose';
import t, { type Test } from 'tap';
import { type Mask, MOMENTARY, matchesGolden } from './golden.ts';
import { newUser } from './portvakt.ts';

// Each command is a process of its own, and many run here, one after the other.
t.setTimeout(120_000);

const user = await newUser(t);
const { run, home } = user;
const dev = await user.dev();
const AT_DEV = ['--issuer', dev.issuer];
const SCOPE = ['--scope', 'prove:bygg.read'];
const get = (client: string, ...flags: string[]) => run(['token', 'get', '--client', client, ...AT_DEV, ...SCOPE, ...flags]);

t.test('token get fetches a token as a client of the dev world, whatever it signs with', async (t) => {
  for (const [name, amr] of [
    ['demo-consumer', 'private_key_jwt'],
    ['demo-certificate', 'virksomhetssertifikat'],
    ['demo-chain', 'virksomhetssertifikat'],
  ] as const) {
    const { code, stdout, stderr } = await get(name, '-q');
    t.equal(code, 0, stderr);
    t.equal(stderr, '', 'nothing but the token is told');
    t.match(decodeJwt(stdout.trim()), { iss: dev.issuer, client_amr: amr, scope: 'prove:bygg.read' });
  }
});

t.test('token get, mint, inspect and verify print their answer in every format', async (t) => {
  const { stdout: token } = await get('demo-consumer', '-q', '--no-cache');
  const masks: readonly Mask[] = [...MOMENTARY, [/[\w-]{43}/g, 'IDENTIFIER']];
  for (const format of ['table', 'wide', 'json', 'yaml', 'csv', 'name']) {
    const answers = {
      get: await get('demo-consumer', '--no-cache', '--utc', '-o', format),
      mint: await run(['token', 'mint', ...AT_DEV, ...SCOPE, '--expired', '-o', format]),
      inspect: await run(['token', 'inspect', '-', '--utc', '-o', format], { input: token }),
      verify: await run(['token', 'verify', '-', ...AT_DEV, '--utc', '-o', format], { input: token }),
    };
    for (const [verb, { code, stdout, stderr }] of Object.entries(answers)) {
      t.equal(code, 0, stderr);
      matchesGolden(t, `token-${verb}.${format}`, { text: stdout, masks });
    }
  }
});

t.test('token mint finds a client that may ask, and mints one fault at a time', async (t) => {
  const asked = await run(['token', 'mint', ...AT_DEV, ...SCOPE, '--wrong-issuer', '-q']);
  t.match(decodeJwt(asked.stdout.trim()), { iss: 'https://elsewhere.invalid/', consumer: { ID: '0192:310555037' } });
  const sound = await run(['token', 'mint', ...AT_DEV, ...SCOPE, '-q']);
  t.equal((await run(['token', 'verify', '-', ...AT_DEV, ...SCOPE], { input: sound.stdout })).code, 0);
  const acting = ['--consumer', '310555037', '--supplier', '310555045', '--unknown-kid', '-q'];
  const acted = await run(['token', 'mint', ...AT_DEV, ...SCOPE, ...acting]);
  t.match(decodeJwt(acted.stdout.trim()), { supplier: { ID: '0192:310555045' }, consumer: { ID: '0192:310555037' } });
  const two = await run(['token', 'mint', ...AT_DEV, ...SCOPE, '--expired', '--unsigned']);
  t.match(two, { code: 2, stderr: /one fault, and --expired and --unsigned are two/ });
  t.match(await run(['token', 'mint', ...AT_DEV, ...SCOPE, '--consumer', '310555029']), { code: 6, stderr: /no client/ });
});

t.test('token get works with a key of ones own, and an issuer without its final slash', async (t) => {
  const { data_dir, clients } = dev;
  const key = join(data_dir, 'clients/demo-consumer.pem');
  const clientId = clients.find(({ name }) => name === 'demo-consumer')?.client_id ?? '';
  const flags = ['--client-id', clientId, '--key', key, '--kid', 'demo-consumer-1', ...SCOPE, '-q'];
  const resources = ['--resource', 'https://a.example/', '--resource', 'https://b.example/', '--pid', '01819010001'];
  const { code, stdout, stderr } = await run(['token', 'get', '--issuer', dev.issuer.slice(0, -1), ...flags, ...resources]);
  t.equal(code, 0, stderr);
  t.match(decodeJwt(stdout.trim()), {
    client_id: clientId,
    aud: ['https://a.example/', 'https://b.example/'],
    pid: '01819010001',
  });
});

t.test('PORTVAKT_ISSUER names the issuer, and the flag stands above it', async (t) => {
  const args = ['token', 'get', '--client', 'demo-consumer', ...SCOPE];
  t.equal((await run(args, { env: { PORTVAKT_ISSUER: dev.issuer } })).code, 0);
  t.equal((await run([...args, ...AT_DEV], { env: { PORTVAKT_ISSUER: 'http://localhost:1/' } })).code, 0);
});

t.test('a token is used again for the same request and no other, and kept in a file of mode 0600', async (t) => {
  const supplier = ['--scope', 'prove:kart.read'];
  const open = async (...flags: string[]) => {
    const { stdout } = await run(['token', 'get', '--client', 'demo-supplier', ...AT_DEV, ...supplier, '-o', 'json', ...flags]);
    return JSON.parse(stdout);
  };
  const first = await open();
  t.equal(first.cached, false);
  const second = await open();
  t.same([second.cached, second.access_token], [true, first.access_token]);
  t.equal((await open('--resource', 'https://a.example/')).cached, false, 'another audience');
  t.equal((await open('--pid', '01819010001')).cached, false, 'a person');
  t.equal((await open('--no-cache')).cached, false);
  t.equal((await open()).access_token, first.access_token, 'what was not kept did not replace it');
  const folder = join(home, 'portvakt', 'tokens');
  t.equal((await stat(folder)).mode & 0o777, 0o700);
  for (const name of await readdir(folder)) t.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
});

t.test('a token is never used within half a minute of its end', async (t) => {
  const before = JSON.parse((await get('demo-chain', '-o', 'json')).stdout);
  const folder = join(home, 'portvakt', 'tokens');
  for (const name of await readdir(folder)) {
    const held = JSON.parse(await readFile(join(folder, name), 'utf8'));
    if (held.access_token !== before.access_token) continue;
    await writeFile(join(folder, name), JSON.stringify({ ...held, expires: Math.floor(Date.now() / 1000) + 30 }));
  }
  const after = JSON.parse((await get('demo-chain', '-o', 'json')).stdout);
  t.equal(after.cached, false);
  t.not(after.access_token, before.access_token);
});

t.test('a private folder that is not private is not used', async (t) => {
  const other = await newUser(t);
  await mkdir(join(other.home, 'portvakt'));
  await chmod(join(other.home, 'portvakt'), 0o755);
  const { code, stderr } = await other.run(['token', 'get', '--client', 'demo-consumer', ...AT_DEV, ...SCOPE]);
  t.equal(code, 3);
  t.match(stderr, /is not a private folder of yours/);
});

t.test('a refusal ends with 9, with code, cause and fix from the catalogue', async (t) => {
  const cases: [string, string][] = [
    ['demo-expired-key', 'MP-121'],
    ['demo-expired-certificate', 'MP-120'],
    ['demo-disabled', 'MP-100'],
    ['demo-supplier', 'MP-250'],
  ];
  for (const [name, expected] of cases) {
    const { code, stdout, stderr } = await get(name, '-o', 'json');
    t.equal(code, 9);
    t.equal(stdout, '');
    t.match(JSON.parse(stderr).error, {
      code: expected,
      oauth_error: /^(invalid_grant|forbidden)$/,
      cause: /\w/,
      message: /^[^(]+$/,
      fix: /\w/,
      error_uri: `${dev.issuer}errors/${expected}`,
      correlation_id: /^[0-9a-f]{32}$/,
      exit_code: 9,
      retryable: false,
    });
  }
  const { stderr } = await get('demo-expired-key');
  t.match(
    stderr,
    /^✗ MP-121 [^\n]*Expired key\.\n {2}The registered key[^\n]*\n\n {2}fix {3}Register[^\n]*\n {2}more {2}portvakt explain [0-9a-f]{32}\n$/,
  );
  const delegated = await get('demo-consumer', '--for', '310555053');
  t.match(delegated.stderr, /✗ MP-251 {2}Consumer 310555053 has not delegated/);
});

t.test('names that do not exist end with 6, and the nearest is suggested', async (t) => {
  const client = await get('demo-consumr');
  t.equal(client.code, 6);
  t.match(client.stderr, /has no client "demo-consumr"\n\n {2}fix {3}did you mean demo-consumer\?/);
  const server = await run(['token', 'get', '--client', 'demo-consumer', '--issuer', 'http://localhost:1/', ...SCOPE]);
  t.equal(server.code, 6);
  t.match(server.stderr, new RegExp(`no dev server of yours runs as http://localhost:1/\n\n {2}fix {3}--issuer ${dev.issuer}`));
});

t.test('what is not reached ends with 12 and can be tried again; a server that answers as no token server is told', async (t) => {
  const answers: Record<string, (response: ServerResponse) => void> = {
    '/html/.well-known/oauth-authorization-server': (response) =>
      response.setHeader('Content-Type', 'text/html').end('<h1>hello</h1>'),
    '/missing/.well-known/oauth-authorization-server': (response) => response.writeHead(404).end('{}'),
    '/slow/.well-known/oauth-authorization-server': () => {},
    '/moved/.well-known/oauth-authorization-server': (response) => response.writeHead(302, { Location: dev.issuer }).end(),
  };
  const { origin } = await serve(t, answers);
  const key = join(dev.data_dir, 'clients/demo-consumer.pem');
  const from = (issuer: string, ...flags: string[]) =>
    run(['token', 'get', '--issuer', issuer, '--client-id', 'a', '--key', key, ...SCOPE, '-o', 'json', ...flags]);
  for (const path of Object.keys(answers)) {
    const { code, stderr } = await from(origin + path.replace('.well-known/oauth-authorization-server', ''), '--timeout', '1s');
    t.equal(code, 12, path);
    t.match(JSON.parse(stderr).error.message, path.startsWith('/slow') ? /no answer within 1 s/ : /no metadata document/);
  }
  const closed = await from('http://localhost:9/');
  t.equal(closed.code, 12);
  t.match(JSON.parse(closed.stderr).error, { code: 'unreachable', retryable: true });
  t.equal((await from('http://no-such-host.invalid/')).code, 12);
  t.equal((await from('localhost')).code, 2, 'no address at all');
});

t.test('each answer of a token endpoint has its exit code', async (t) => {
  const refusals: [number, string, Record<string, string>, number, object][] = [
    [429, 'PV-401', { 'Retry-After': '7' }, 13, { retryable: true, details: [{ path: 'retry_after', got: '7 s' }] }],
    [503, 'PV-402', {}, 12, { retryable: true }],
    [500, 'PV-500', {}, 1, { correlation_id: 'a'.repeat(32) }],
    [400, 'XX-999', {}, 9, { code: 'refused', message: 'told', oauth_error: 'said' }],
  ];
  for (const [status, code, headers, exit, expected] of refusals) {
    const server = await serveIssuer(t, (response, origin) => {
      const body = {
        error: 'said',
        error_description: `told (trace_id: ${'a'.repeat(32)})`,
        error_uri: `${origin}/errors/${code}`,
      };
      response.writeHead(status, headers).end(JSON.stringify(body));
    });
    const ended = await askFake(server.origin);
    t.equal(ended.code, exit, code);
    t.match(JSON.parse(ended.stderr).error, { exit_code: exit, ...expected });
  }
  const page = await serveIssuer(t, (response) => response.writeHead(502).end('<html>'));
  const ended = await askFake(page.origin);
  t.equal(ended.code, 12);
  t.match(ended.stderr, /answers 502, and not as a token endpoint does/);
});

t.test('the metadata of another issuer is not followed', async (t) => {
  const { origin } = await serveIssuer(t, () => t.fail('the assertion was sent'), { issuer: 'https://evil.example/' });
  const { code, stderr } = await askFake(origin);
  t.equal(code, 3);
  t.match(stderr, /is the document of another issuer/);
});

t.test('Ctrl-C ends a command that waits with 130', async (t) => {
  const asked = Promise.withResolvers<void>();
  const { origin } = await serve(t, { '/.well-known/oauth-authorization-server': () => asked.resolve() });
  const key = join(dev.data_dir, 'clients/demo-consumer.pem');
  const { child, ended } = user.start(['token', 'get', '--issuer', `${origin}/`, '--client-id', 'a', '--key', key, ...SCOPE]);
  await asked.promise;
  child.kill('SIGINT');
  t.equal((await ended).code, 130);
});

t.test('--verbose tells of each request, and of no secret', async (t) => {
  const { stderr } = await get('demo-consumer', '--no-cache', '--verbose');
  t.match(stderr, /GET http:\S+oauth-authorization-server 200 \d+ ms\n\s*POST http:\S+token 200 \d+ ms/);
  t.notMatch(stderr, /eyJ/);
});

t.test('token verify accepts a token of the issuer, from an argument, a file, a pipe or a response', async (t) => {
  const response = (await get('demo-consumer', '-o', 'json')).stdout;
  const token: string = JSON.parse(response).access_token;
  await writeFile(join(home, 'token.jwt'), `${token}\n`);
  const asked = ['--scope', 'prove:bygg.read', '--consumer', '0192:310555037'];
  for (const [argument, input] of [[token], ['token.jwt'], ['-', `Bearer ${token}`], ['-', response]] as const) {
    const { code, stdout, stderr } = await run(['token', 'verify', argument, ...AT_DEV, ...asked], { input: input ?? '' });
    t.equal(code, 0, stderr);
    t.match(stdout, /^verified\n/);
  }
});

t.test('token verify ends with 9 and says why', async (t) => {
  const { stdout } = await get('demo-consumer', '-q', '--resource', 'https://a.example/');
  const token = stdout.trim();
  const [head = '', body = '', signature = ''] = token.split('.');
  const forged = await new SignJWT(decodeJwt(token)).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.alloc(32));
  const cases: [string, string[], RegExp][] = [
    [`${head}.${body}.${signature.slice(0, -4)}AAAA`, [], /signature verification failed/],
    [forged, [], /"alg" \(Algorithm\) Header Parameter value not allowed/],
    [`eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.${body}.${signature}`, [], /no applicable key found/],
    [token, ['--audience', 'https://b.example/'], /unexpected "aud" claim value/],
    [
      token,
      ['--scope', 'prove:bygg.read', '--scope', 'prove:kart.read'],
      /it lacks a scope\n {2}token\.payload\.scope: got prove:bygg\.read, expected prove:kart\.read/,
    ],
    [token, ['--consumer', '310555053'], /it is for another organisation\n[^\n]*got 0192:310555037, expected 0192:310555053/],
    ['eyJx.e30.AA', [], /JWS Protected Header is invalid/],
  ];
  for (const [candidate, flags, reason] of cases) {
    const { code, stdout, stderr } = await run(['token', 'verify', '-', ...AT_DEV, ...flags], { input: candidate });
    t.equal(code, 9, stderr);
    t.equal(stdout, '');
    t.match(stderr, /^✗ the token does not verify: /);
    t.match(stderr, reason);
  }
  t.equal((await run(['token', 'verify', '-', ...AT_DEV, '--consumer', '310555038'], { input: token })).code, 8);
  t.equal((await run(['token', 'verify', '-'], { input: token })).code, 2, 'an issuer is always named');
  const nowhere = await run(['token', 'verify', '-', '--issuer', 'http://localhost:9/'], { input: token });
  t.equal(nowhere.code, 12);
});

t.test('token verify that cannot fetch the keys says so, and does not say no', async (t) => {
  const { origin } = await serveIssuer(t, (response) => response.writeHead(500).end());
  const { stdout: token } = await get('demo-consumer', '-q');
  const { code, stderr } = await run(['token', 'verify', '-', '--issuer', `${origin}/`], { input: token });
  t.equal(code, 12);
  t.match(stderr, /the keys at \S+jwk cannot be fetched/);
});

t.test('token inspect verifies nothing, needs no server, and says so', async (t) => {
  const token = await new SignJWT({ iss: 'https://x.example/', exp: 1767225600 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.alloc(32));
  const { code, stdout } = await run(['token', 'inspect', token, '--utc']);
  t.equal(code, 0);
  t.match(stdout, /^not verified: anybody could have written this\n/);
  t.match(stdout, /exp +1767225600 {2}\d+ days ago, 2026-01-01\n/);
  t.equal(JSON.parse((await run(['token', 'inspect', token, '-o', 'json'])).stdout).verified, false);
  const nothing = await run(['token', 'inspect', '-'], { input: 'hello' });
  t.equal(nothing.code, 8);
  t.match(nothing.stderr, /this is not a JWT/);
});

function askFake(origin: string) {
  const key = join(dev.data_dir, 'clients/demo-consumer.pem');
  return run(['token', 'get', '--issuer', `${origin}/`, '--client-id', 'a', '--key', key, ...SCOPE, '-o', 'json']);
}

/** A server that answers each path in its own way, and ends with the test. */
async function serve(
  t: Test,
  answers: Readonly<Record<string, (response: ServerResponse) => void>>,
): Promise<{ origin: string }> {
  const server = createServer((request, response) => answers[request.url ?? '']?.(response));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://localhost:${(server.address() as AddressInfo).port}` };
}

/** An issuer with sound metadata, whose token endpoint and keys answer as they are told. */
async function serveIssuer(
  t: Test,
  answer: (response: ServerResponse, origin: string) => void,
  { issuer }: { readonly issuer?: string } = {},
): Promise<{ origin: string }> {
  const place = Promise.withResolvers<string>();
  const act = async (response: ServerResponse) => answer(response, await place.promise);
  const served = await serve(t, {
    '/.well-known/oauth-authorization-server': async (response) => {
      const origin = await place.promise;
      const metadata = { issuer: issuer ?? `${origin}/`, token_endpoint: `${origin}/token`, jwks_uri: `${origin}/jwk` };
      response.end(JSON.stringify(metadata));
    },
    '/token': act,
    '/jwk': act,
  });
  place.resolve(served.origin);
  return served;
}
