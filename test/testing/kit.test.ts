import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { startPortvakt, TokenRefused } from 'portvakt/testing';
import t from 'tap';
import { BIN } from '../docs/newcomer.ts';

const SCOPE = 'prove:bygg.read';
const run = promisify(execFile);

t.test('a server inside a test', async (t) => {
  const portvakt = await startPortvakt({ at: new Date('2027-01-31T12:00:00Z') });
  t.teardown(() => portvakt.stop());
  const keys = createRemoteJWKSet(new URL('jwk', portvakt.issuer));
  const verify = async (token: string): Promise<JWTPayload> =>
    (await jwtVerify(token, keys, { issuer: portvakt.issuer, currentDate: portvakt.clock.date() })).payload;
  const token = await portvakt.token({ client: 'demo-consumer', scope: SCOPE });

  t.test('gives tokens of its world', async (t) => {
    t.match(
      portvakt.clients.find(({ name }) => name === 'demo-consumer'),
      { orgno: '310555037', scopes: [SCOPE] },
    );
    t.match(await verify(token), { scope: SCOPE, consumer: { ID: '0192:310555037' } });
    const certified = await portvakt.token({ client: 'demo-certificate', scope: SCOPE, resource: 'https://api.example.no/' });
    t.match(await verify(certified), { aud: 'https://api.example.no/' }, 'by certificate, and for an audience');
  });

  t.test('tells a refusal by its code', async (t) => {
    const refused = await portvakt.token({ client: 'demo-supplier', scope: SCOPE }).catch((error: unknown) => error);
    t.type(refused, TokenRefused);
    t.match(refused, { status: 403, error: 'forbidden', code: 'MP-250' });
  });

  t.test('gives assertions, unsound ones too, and spends each once', async (t) => {
    const assertion = await portvakt.assertion({ client: 'demo-consumer', scope: SCOPE });
    t.equal((await portvakt.ask(assertion)).status, 200);
    t.match(await portvakt.ask(assertion), { status: 400, body: { error_uri: /MP-012$/ } });
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    await t.rejects(portvakt.token({ client: 'demo-consumer', scope: SCOPE, key: stranger }), { code: 'MP-124' });
    await t.rejects(portvakt.token({ client: 'demo-consumer', scope: SCOPE, claims: { aud: 'x' } }), { code: 'MP-110' });
    await t.rejects(portvakt.token({ client: 'demo-consumr', scope: SCOPE }), /did you mean demo-consumer\?/);
    await t.rejects(portvakt.token(JSON.parse('{}')), /there is no client "undefined" in this world; it has demo-consumer/);
  });

  t.test('lives by a clock that a test turns forward, as the commands that are run against it do', async (t) => {
    t.equal(portvakt.clock.date().toISOString().slice(0, 10), '2027-01-31');
    await verify(token);
    await portvakt.clock.turn(3600);
    await t.rejects(verify(token), { code: 'ERR_JWT_EXPIRED' });
    const asked = [
      'token',
      'get',
      '--issuer',
      portvakt.issuer,
      '--client',
      'demo-consumer',
      '--scope',
      SCOPE,
      '--no-cache',
      '-q',
    ];
    const { stdout } = await run(process.execPath, [BIN, ...asked]);
    t.ok(Number((await verify(stdout.trim())).iat) > Math.floor(portvakt.clock.now()) - 60);
    t.equal((await fetch(new URL('health/ready', portvakt.issuer))).status, 200, 'to the server no time was skipped');
    for (const seconds of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e11, '5' as never])
      await t.rejects(portvakt.clock.turn(seconds), RangeError, `${seconds}`);
  });

  t.test('leaves nothing when it stops, however often', async (t) => {
    await Promise.all([portvakt.stop(), portvakt.stop()]);
    t.notOk(existsSync(portvakt.dataDir));
    await t.rejects(portvakt.ask('x'), /has been stopped/, 'and answers nobody');
    await t.rejects(portvakt.token({ client: 'demo-consumer', scope: SCOPE }), /has been stopped/);
    await t.rejects(portvakt.clock.turn(1), /has been stopped/, 'or the commands would be told of it again');
  });
});

t.test('two servers at once do not know of each other, and one that is stopped takes nothing of the other’s', async (t) => {
  const issuer = 'https://token.example.no/';
  const request = { client: 'demo-consumer', scope: SCOPE };
  const [first, second] = await Promise.all([startPortvakt({ issuer }), startPortvakt()]);
  t.teardown(() => second.stop());
  t.match(await second.ask(await first.assertion(request)), { status: 400, body: { error_uri: /MP-110$/ } });
  const { port } = new URL(second.tokenEndpoint);
  await t.rejects(startPortvakt({ port: Number(port) }), { code: 'EADDRINUSE' });
  const asked = first.token(request);
  await Promise.all([first.stop(), first.stop()]);
  t.match(await asked, /^eyJ/, 'what was asked before is answered');
  t.match(await second.token(request), /^eyJ/);
});

t.test('what a test cannot have is told before anything is started', async (t) => {
  const wrong: readonly [options: object, said: RegExp][] = [
    [{ worlds: {} }, /no option "worlds"; did you mean world\?/],
    [{ port: 70_000 }, /port is 0 to 65535/],
    [{ port: '80' }, /port is 0 to 65535/],
    [{ issuer: 'nonsense' }, /issuer is an https address/],
    [{ at: '2027-01-31' }, /at is a Date/],
    [{ at: new Date(Number.NaN) }, /between 1990 and 2099/],
    [{ world: '/nowhere/world.yaml' }, /cannot be read/],
  ];
  for (const [options, said] of wrong) await t.rejects(startPortvakt(options), said, JSON.stringify(options));
  await using portvakt = await startPortvakt({ keys: { 'demo-consumer': { key: 'no key' } } });
  const fault = 'expird' as never;
  await t.rejects(portvakt.token({ client: 'demo-certificate', scope: SCOPE, fault }), /did you mean expired\?/);
  await t.rejects(portvakt.token({ client: 'demo-consumer', scope: SCOPE }), /key of demo-consumer is not a private key/);
});

t.test('nothing listens any more when the process of a test is killed', async (t) => {
  const program = `
    const { startPortvakt } = await import(${JSON.stringify(import.meta.resolve('portvakt/testing'))});
    console.log(JSON.stringify(await startPortvakt()));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  const { issuer, dataDir } = JSON.parse(String(line));
  t.teardown(() => rm(dataDir, { recursive: true, force: true }));
  t.equal((await fetch(new URL('health/live', issuer))).status, 200);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await t.rejects(fetch(new URL('health/live', issuer)));
  await t.rejects(
    run(process.execPath, [BIN, 'token', 'get', '--issuer', issuer, '--client', 'demo-consumer']),
    'nor is it found',
  );
});

t.test('a world of the test’s own, its clients signing with the test’s keys', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const world = {
    organizations: [
      { orgno: '310555029', name: 'Prøveetaten', prefixes: ['prove'] },
      { orgno: '310555037', name: 'Eksempel Bygg AS' },
    ],
    scopes: [{ prefix: 'prove', subscope: 'mitt.read', owner_orgno: '310555029', access: ['310555037'] }],
    clients: [
      {
        ...{ client_id: 'mine', client_orgno: '310555037', client_name: 'mine', scopes: ['prove:mitt.read'] },
        jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig' }] },
      },
    ],
  };
  const key = { key: privateKey, kid: 'k1' };
  await using portvakt = await startPortvakt({ world, keys: { mine: key } });
  t.match(await portvakt.token({ client: 'mine', scope: 'prove:mitt.read' }), /^eyJ/);

  await t.rejects(startPortvakt({ world: { ...world, clients: [{ client_id: 7 }] } }), { name: 'WorldMistakes' });
  await t.rejects(startPortvakt({ world, keys: { yours: key } }), /no client "yours"/);
  await t.rejects(startPortvakt({ at: new Date('1970-01-01') }), RangeError);
});
