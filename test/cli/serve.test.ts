import { appendFile, chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { matchesGolden } from './golden.ts';
import { newUser, type User } from './portvakt.ts';

// Each command is a process of its own, and many run here, one after the other.
t.setTimeout(120_000);

const WORLD = 'organizations:\n  - { orgno: "310555029", name: Prøveetaten, prefixes: [prove] }\n';

/** A user who has run `portvakt init`; the port is a free one, so that tests do not meet. */
async function initialized(test: Test, ...flags: string[]): Promise<User> {
  const user = await newUser(test);
  const { code, stderr } = await user.run(['init', ...flags]);
  test.equal(code, 0, stderr);
  await appendFile(join(user.home, 'portvakt.yaml'), 'listen: { port: 0 }\noperations: { listen: off }\n');
  return user;
}

t.test('init writes a configuration and a data directory that serve starts on', async (t) => {
  const user = await initialized(t, '--environment', 'test');
  t.equal((await stat(join(user.home, 'portvakt-data'))).mode & 0o777, 0o700);
  const master = await stat(join(user.home, 'portvakt-data.master-key'));
  t.same([master.mode & 0o777, master.size], [0o600, 32]);
  t.match(
    await readFile(join(user.home, 'portvakt.yaml'), 'utf8'),
    /\nkeys:\n {2}master:\n {4}kind: file\n {4}file: portvakt-data\.master-key\n/,
  );
  t.equal((await user.run(['serve', '--check'])).code, 0);
  const server = user.start(['serve', '-o', 'json']);
  const line = await server.line;
  t.same(JSON.parse(line ?? ''), {
    issuer: 'http://localhost:7300/',
    token_endpoint: 'http://localhost:7300/token',
    data_dir: join(user.home, 'portvakt-data'),
  });
  server.child.kill('SIGTERM');
  t.match(await server.ended, { code: 0, signal: null, stdout: `${line}\n` });
});

t.test('init prints its answer in every format', async (t) => {
  const user = await newUser(t);
  for (const format of ['table', 'wide', 'json', 'yaml', 'csv', 'name']) {
    const files = ['--config', `${format}/portvakt.yaml`, '--data', `${format}/data`];
    const { stdout } = await user.run(['init', '--issuer', 'https://token.example.no/', ...files, '-o', format]);
    matchesGolden(t, `init.${format}`, { text: stdout });
    t.same((await readdir(join(user.home, format))).sort(), ['data', 'data.master-key', 'portvakt.yaml']);
  }
  t.match(await readFile(join(user.home, 'json/portvakt.yaml'), 'utf8'), /\ndata_dir: data\n/, 'both can be moved together');
});

t.test('init overwrites nothing, and leaves nothing half-written', async (t) => {
  const user = await newUser(t);
  const mine = async (name: string) => writeFile(join(user.home, name), 'mine');
  const before = async () => (await readdir(user.home, { recursive: true })).sort();
  await mine('portvakt.yaml');
  const configured = await user.run(['init']);
  t.equal(configured.code, 7);
  t.match(configured.stderr, /portvakt\.yaml: it exists, and nothing is overwritten/);
  t.same(await before(), ['portvakt.yaml']);
  await mkdir(join(user.home, 'full'));
  await mine('full/precious');
  const full = await user.run(['init', '--config', 'new/portvakt.yaml', '--data', 'full']);
  t.equal(full.code, 7);
  t.match(full.stderr, /full is not empty/);
  await mine('broken.yaml');
  t.equal((await user.run(['init', '--config', 'new/portvakt.yaml', '--world', 'broken.yaml'])).code, 8);
  t.equal((await user.run(['init', '--config', 'new/p.yaml', '--world', 'missing.yaml'])).code, 8);
  t.equal((await user.run(['init', '--config', 'new/p.yaml', '--issuer', 'http://token.example.no/'])).code, 2);
  await mine('fresh.master-key');
  const sealed = await user.run(['init', '--config', 'new/p.yaml', '--data', 'fresh']);
  t.equal(sealed.code, 7);
  t.match(sealed.stderr, /fresh\.master-key exists, and may be what other keys are sealed with/);
  t.same(await before(), ['broken.yaml', 'fresh.master-key', 'full', 'full/precious', 'portvakt.yaml']);
});

t.test('init --world registers the world, and tells of trust that the environment ignores', async (t) => {
  const user = await newUser(t);
  await writeFile(join(user.home, 'world.yaml'), WORLD);
  t.equal((await user.run(['init', '--world', 'world.yaml'])).code, 0);
  t.same((await readdir(user.home)).sort(), ['portvakt-data', 'portvakt-data.master-key', 'portvakt.yaml', 'world.yaml']);
  const { code, stdout } = await user.run(['world', 'check', 'world.yaml', '-o', 'json']);
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { organizations: 1, prefixes: 1, clients: 0 });
});

t.test('PORTVAKT_DATA names the data directory for init and serve', async (t) => {
  const user = await newUser(t);
  const env = { PORTVAKT_DATA: join(user.home, 'elsewhere') };
  t.equal((await user.run(['init'], { env })).code, 0);
  t.same((await readdir(user.home)).sort(), ['elsewhere', 'elsewhere.master-key', 'portvakt.yaml']);
  t.equal((await user.run(['serve', '--check'], { env })).code, 0);
});

t.test('serve finds portvakt.yaml in a folder above, and says when there is none', async (t) => {
  const user = await initialized(t);
  await mkdir(join(user.home, 'a/b'), { recursive: true });
  t.equal((await user.run(['serve', '--check'], { cwd: join(user.home, 'a/b') })).code, 0);
  const { code, stderr } = await (await newUser(t)).run(['serve']);
  t.equal(code, 3);
  t.match(stderr, /there is no portvakt\.yaml in \S+ or above\n\n {2}fix {3}portvakt init writes one/);
});

t.test('a wrong configuration ends with 3, the field named', async (t) => {
  const user = await initialized(t);
  const file = join(user.home, 'portvakt.yaml');
  const good = await readFile(file, 'utf8');
  const cases: [string, RegExp][] = [
    [`${good}isuer: x\n`, /portvakt\.yaml: isuer: is not a field/],
    [good.replace(/issuer: .*/, 'issuer: http://token.example.no/'), /portvakt\.yaml: issuer: must be/],
    [good.replace('port: 0', 'port: many'), /portvakt\.yaml: listen\.port: /],
    [`${good}token: { exp_leeway_seconds: 61 }\n`, /token\.exp_leeway_seconds: /],
    [good.replace('{ port: 0 }', '{ hosts: ["0.0.0.0"] }'), /listen\.hosts: 0\.0\.0\.0 is not loopback/],
    ['{', /portvakt\.yaml: /],
  ];
  for (const [text, message] of cases) {
    await writeFile(file, text);
    const { code, stdout, stderr } = await user.run(['serve', '--check']);
    t.equal(code, 3, text);
    t.equal(stdout, '');
    t.match(stderr, message);
  }
  t.equal((await user.run(['serve'])).code, 3, 'a start judges as --check does');
  t.equal((await user.run(['serve', '--config', 'missing.yaml'])).code, 3);
});

t.test('serve and serve --check end with 11 where keys or store are not fit for use', async (t) => {
  const user = await initialized(t);
  const data = join(user.home, 'portvakt-data');
  const both = async (message: RegExp | string) => {
    for (const check of [[], ['--check']]) {
      const { code, stderr } = await user.run(['serve', ...check]);
      t.equal(code, 11, stderr);
      t.match(stderr, message);
    }
  };
  const keys = join(data, 'keys');
  const [key = ''] = await readdir(keys);
  await chmod(join(keys, key), 0o640);
  await both(key);
  await chmod(join(keys, key), 0o600);
  t.equal((await user.run(['serve', '--check'])).code, 0);
  await writeFile(join(data, 'portvakt.db'), 'this is no database, and never was one; it is long enough to be looked at');
  await both(/the database cannot be used/);
});

t.test('serve --check makes nothing where there is no data directory', async (t) => {
  const user = await newUser(t);
  await writeFile(join(user.home, 'portvakt.yaml'), 'issuer: https://token.example.no/\ndata_dir: data\n');
  const { code, stderr } = await user.run(['serve', '--check']);
  t.equal(code, 11);
  t.match(stderr, /portvakt init makes a data directory/);
  t.same(await readdir(user.home), ['portvakt.yaml']);
});

t.test('PV-SEC-096 a production server does not start where its memory could be looked into', async (t) => {
  const user = await initialized(t);
  for (const flag of ['--inspect=0', '--heapsnapshot-signal=SIGUSR2', '--abort-on-uncaught-exception']) {
    const { code, stderr } = await user.run(['serve'], { nodeFlags: [flag] });
    t.equal(code, 3);
    t.match(stderr, /would show the memory of a production server/);
  }
  const server = user.start(['serve']);
  await server.line;
  server.child.kill('SIGUSR1');
  server.child.kill('SIGTERM');
  const { code, stderr } = await server.ended;
  t.equal(code, 0);
  t.notMatch(stderr, /Debugger listening/);
});
