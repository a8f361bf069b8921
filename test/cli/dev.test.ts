import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import t from 'tap';
import { actingCommands } from '../../cli/operator/dev-acting.ts';
import { newUser, type User } from './portvakt.ts';

// Each command is a process of its own, and many run here, one after the other.
t.setTimeout(120_000);

const get = (user: User, issuer: string, ...flags: string[]) =>
  user.run(['token', 'get', '--client', 'demo-consumer', '--scope', 'prove:bygg.read', '--issuer', issuer, ...flags]);

t.test('dev -o json prints exactly one line when it is ready', async (t) => {
  const user = await newUser(t);
  const dev = await user.dev();
  t.match(dev.issuer, /^http:\/\/localhost:\d+\/$/);
  const health = await fetch(`${dev.issuer}health/ready`);
  t.equal(health.status, 200, 'it answers');
  dev.child.kill('SIGTERM');
  const { stdout } = await dev.ended;
  t.equal(stdout.match(/\n/g)?.length, 1);
  const ready = JSON.parse(stdout);
  t.same(Object.keys(ready), ['issuer', 'token_endpoint', 'data_dir', 'clients']);
  t.equal(ready.token_endpoint, `${ready.issuer}token`);
  t.same(ready.clients[0], {
    name: 'demo-consumer',
    client_id: '00000001-de30-4000-8000-000310555037',
    client_orgno: '310555037',
    scopes: ['prove:bygg.read', 'prove:kart.read', 'prove:innbygger.read', 'prove:arkiv.read'],
  });
});

t.test('dev listens on loopback, 127.0.0.1 and ::1 with one port', async (t) => {
  const user = await newUser(t);
  const { issuer } = await user.dev();
  const port = Number(new URL(issuer).port);
  for (const host of ['127.0.0.1', '::1']) {
    const reached = await new Promise((resolve) => {
      const socket = connect({ host, port }, () => resolve(socket.destroy() && 'reached'));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRNOTAVAIL' ? 'reached' : error.code));
    });
    t.equal(reached, 'reached', `${host}, or the machine does not have it`);
  }
});

t.test('dev ends with 0 at SIGINT, SIGTERM and SIGHUP, and leaves nothing', async (t) => {
  const user = await newUser(t);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const dev = await user.dev();
    t.equal((await stat(dev.data_dir)).mode & 0o777, 0o700);
    t.equal((await readdir(join(user.home, 'portvakt/dev'))).length, 1);
    dev.child.kill(signal);
    t.match(await dev.ended, { code: 0, signal: null }, signal);
    t.same(await readdir(user.home), ['portvakt']);
    t.same(await readdir(join(user.home, 'portvakt/dev')), []);
    await t.rejects(fetch(dev.issuer), 'nothing listens any more');
  }
});

t.test('a Ctrl-C that arrives twice, from the terminal and from npm, still leaves nothing', async (t) => {
  const user = await newUser(t);
  const dev = await user.dev();
  const slowRequest = connect(Number(new URL(dev.issuer).port), '127.0.0.1');
  await once(slowRequest, 'connect');
  slowRequest.write('GET / HTTP/1.1\r\n');
  dev.child.kill('SIGINT');
  const notices = join(user.home, 'portvakt/dev');
  while ((await readdir(notices)).length > 0);
  dev.child.kill('SIGINT');
  slowRequest.destroy();
  t.match(await dev.ended, { code: 0, signal: null });
  t.same(await readdir(user.home), ['portvakt']);
});

t.test('dev tells a person issuer, clients and commands that work as they stand', async (t) => {
  const user = await newUser(t);
  const dev = user.start(['dev', '--port', '0']);
  await dev.line;
  const notice = (await readdir(join(user.home, 'portvakt/dev')))[0] ?? '';
  const { issuer } = JSON.parse(await readFile(join(user.home, 'portvakt/dev', notice), 'utf8'));
  const suggested = `portvakt token get --client demo-consumer --scope prove:bygg.read --issuer ${issuer}`;
  t.equal((await user.run(suggested.split(' ').slice(1))).code, 0);
  dev.child.kill('SIGTERM');
  const { stdout, stderr } = await dev.ended;
  t.match(stdout, `  issuer          ${issuer}\n`);
  t.match(stdout, `  ${suggested}\n`);
  t.match(stdout, /--client demo-expired-key [^\n]*# MP-121, on purpose/);
  for (const command of actingCommands()) t.match(stdout, `  portvakt ${command.replace('   #', ` --issuer ${issuer}   #`)}\n`);
  t.match(stdout, /^demo-supplier +00000004-\S+ +310555045 +prove:bygg\.read prove:kart\.read$/m);
  t.match(stderr, /✓ data +a temporary folder, removed at exit/);
  t.match(stderr, /✓ organisations .*310555029 Prøveetaten/);
  t.match(stderr, /✓ scopes .*prove:bygg\.read \(closed, can be delegated\)/);
  t.match(stderr, /✓ delegations {5}1 active · 1 revoked · 1 expired\n/);
});

t.test('two dev servers live beside each other, each with a world of its own', async (t) => {
  const user = await newUser(t);
  const [one, other] = await Promise.all([user.dev(), user.dev()]);
  t.not(one.issuer, other.issuer);
  t.not(one.data_dir, other.data_dir);
  for (const { issuer } of [one, other]) {
    const { stdout } = await get(user, issuer, '-q');
    t.equal(decodeJwt(stdout.trim()).iss, issuer);
  }
});

t.test('dev with a port in use says so, ends with 7, and leaves nothing', async (t) => {
  const user = await newUser(t);
  const taken = createServer().listen(0, '127.0.0.1');
  t.teardown(() => taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as AddressInfo;
  for (const persist of [[], ['--persist', join(user.home, 'deep/world')]]) {
    const { code, stdout, stderr } = await user.run(['dev', '--port', `${port}`, ...persist]);
    t.equal(code, 7);
    t.equal(stdout, '');
    t.match(stderr, new RegExp(`✗ 127\\.0\\.0\\.1:${port}: the port is in use\\n\\n {2}fix {3}stop what uses it`));
    t.same(await readdir(user.home), []);
  }
});

t.test('dev --persist keeps world, keys and store, and goes on with them', async (t) => {
  const user = await newUser(t);
  const persist = ['--persist', join(user.home, 'world')];
  const first = await user.dev(...persist);
  t.equal(first.data_dir, join(user.home, 'world'));
  const keys = await (await fetch(`${first.issuer}jwk`)).text();
  const busy = await user.run(['dev', '--port', '0', ...persist]);
  t.equal(busy.code, 7);
  t.match(busy.stderr, /is at work in/);
  first.child.kill('SIGTERM');
  await first.ended;
  const second = await user.dev(...persist);
  t.equal(await (await fetch(`${second.issuer}jwk`)).text(), keys, 'the same signing key');
  t.same(second.clients, first.clients);
  t.equal((await get(user, second.issuer)).code, 0, "the clients' keys are still theirs");
});

t.test('dev --persist does not touch a folder that holds something else', async (t) => {
  const user = await newUser(t);
  await writeFile(join(user.home, 'precious'), 'mine');
  const { code, stderr } = await user.run(['dev', '--port', '0', '--persist', '.']);
  t.equal(code, 7);
  t.match(stderr, /holds something else than the world of a dev server/);
  t.equal(await readFile(join(user.home, 'precious'), 'utf8'), 'mine');
});

t.test('dev --clock lives at another time, and the commands follow it', async (t) => {
  const user = await newUser(t);
  const ahead = await user.dev('--clock', '+2d');
  const { stdout } = await get(user, ahead.issuer, '-q');
  const { iat = 0 } = decodeJwt(stdout.trim());
  t.ok(Math.abs(iat - Date.now() / 1000 - 2 * 86400) < 10);
  t.equal((await user.run(['token', 'verify', '-', '--issuer', ahead.issuer], { input: stdout })).code, 0);
  const dated = await user.dev('--clock', '2027-01-31T12:00:00Z');
  const token = (await get(user, dated.issuer, '-q')).stdout.trim();
  t.equal(new Date((decodeJwt(token).iat ?? 0) * 1000).toISOString().slice(0, 10), '2027-01-31');
});

t.test('dev --seed is wholly the given world, whose clients bring their own keys', async (t) => {
  const user = await newUser(t);
  await user.run(['key', 'generate', '--out', 'bygg.pem', '--kid', 'bygg-1']);
  const jwk = JSON.stringify(JSON.parse(await readFile(join(user.home, 'bygg.pub.jwk'), 'utf8')));
  await writeFile(join(user.home, 'world.yaml'), world(jwk));
  const dev = await user.dev('--seed', 'world.yaml');
  t.same(dev.clients, [
    {
      name: 'bygg-uttrekk',
      client_id: '7f3b0c7e-3b1d-4d7a-9f0e-5a2c1d9e8b44',
      client_orgno: '310555037',
      scopes: ['prove:bygg.read'],
    },
  ]);
  const asClient = ['token', 'get', '--client', 'bygg-uttrekk', '--scope', 'prove:bygg.read', '--issuer', dev.issuer];
  t.equal((await user.run([...asClient, '--key', 'bygg.pem'])).code, 0);
  const keyless = await user.run(asClient);
  t.equal(keyless.code, 2);
  t.match(keyless.stderr, /the private key of bygg-uttrekk is not in the world\n\n {2}fix {3}give it with --key FILE/);
  t.equal((await get(user, dev.issuer)).code, 6, 'nobody of the made-up world lives there');
});

t.test('dev --seed with mistakes tells file, line and column, ends with 8, and leaves nothing', async (t) => {
  const user = await newUser(t);
  await writeFile(join(user.home, 'world.yaml'), 'organizations:\n  - { orgno: "310555038", name: X }\n');
  const { code, stderr } = await user.run(['dev', '--port', '0', '--seed', 'world.yaml']);
  t.equal(code, 8);
  t.match(stderr, /world\.yaml:2:\d+: /);
  t.same(await readdir(user.home), ['world.yaml']);
});

t.test('a server of its own key that others can read does not start: exit 11, the file named', async (t) => {
  const user = await newUser(t);
  const persist = ['--persist', join(user.home, 'world')];
  const first = await user.dev(...persist);
  first.child.kill('SIGTERM');
  await first.ended;
  const keys = join(user.home, 'world', 'keys');
  const file = join(keys, (await readdir(keys)).find((name) => name.endsWith('.pem')) ?? '');
  await chmod(file, 0o644);
  const { code, stderr } = await user.run(['dev', '--port', '0', ...persist]);
  t.equal(code, 11);
  t.match(stderr, file);
  t.ok((await readdir(join(user.home, 'world'))).length > 2, 'what lay there before a failed start stays');
});

t.test('an issuer that cannot be one ends with 2', async (t) => {
  const user = await newUser(t);
  for (const issuer of ['http://localhost:7300', 'http://token.example.no/', 'nonsense']) {
    const { code, stderr } = await user.run(['dev', '--issuer', issuer]);
    t.equal(code, 2);
    t.match(stderr, /cannot be an issuer/);
  }
  const dev = await user.dev('--issuer', 'https://token.example.no/');
  t.equal(dev.issuer, 'https://token.example.no/');
});

t.test('a notice whose server has died is passed over', async (t) => {
  const user = await newUser(t);
  const dev = await user.dev();
  dev.child.kill('SIGKILL');
  await dev.ended;
  t.equal((await readdir(join(user.home, 'portvakt/dev'))).length, 1, 'it could not take its notice back');
  const { code, stderr } = await get(user, dev.issuer);
  t.equal(code, 6);
  t.match(stderr, /no dev server of yours runs as \S+\n\n {2}fix {3}portvakt dev\n/);
});

t.test('a dev server whose notice cannot be left does not start', async (t) => {
  const user = await newUser(t);
  await mkdir(join(user.home, 'portvakt'));
  await chmod(join(user.home, 'portvakt'), 0o777);
  const { code } = await user.run(['dev', '--port', '0']);
  t.equal(code, 3);
  t.same(await readdir(user.home), ['portvakt']);
});

function world(jwk: string): string {
  return `organizations:
  - { orgno: "310555029", name: Prøveetaten, prefixes: [prove] }
  - { orgno: "310555037", name: Eksempel Bygg AS }
scopes:
  - { prefix: prove, subscope: bygg.read, owner_orgno: "310555029", description: Lese byggesaker, access: ["310555037"] }
clients:
  - client_id: 7f3b0c7e-3b1d-4d7a-9f0e-5a2c1d9e8b44
    client_orgno: "310555037"
    client_name: bygg-uttrekk
    scopes: [prove:bygg.read]
    jwks: { keys: [${jwk}] }
`;
}

t.test('dev --operations-port answers metrics and health apart from clients, as production does', async (t) => {
  const user = await newUser(t);
  const dev = await user.dev('--operations-port', '0');
  const { metrics = '' } = JSON.parse((await dev.line) ?? '');
  t.match(metrics, /^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  const page = await fetch(metrics);
  t.match([page.status, await page.text()], [200, /^portvakt_workers 1$/m]);
  t.equal((await fetch(new URL('/health/ready', metrics))).status, 200);
  t.equal((await fetch(`${dev.issuer}metrics`)).status, 404, 'clients see none of it');
  t.equal((await user.run(['dev', '--operations-port', '65536'])).code, 2);
});
