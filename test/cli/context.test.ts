import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { openOffice } from './administrators.ts';
import { newUser } from './portvakt.ts';

const office = await openOffice(t);
const { user, dev } = office;
const FILE = '.config/portvakt/contexts.yaml';
const SERVER = ['--server', dev.issuer];

t.test('login keeps a context that only the user can read, and that holds no secret', async (t) => {
  const file = join(user.home, FILE);
  t.equal((await stat(file)).mode & 0o777, 0o600);
  const text = await readFile(file, 'utf8');
  t.match(text, /type: dev\n\s+client: demo-owner-admin/);
  t.notMatch(text, /PRIVATE KEY|eyJ/);
});

t.test('login with a key, a certificate or a PKCS#12 file refers to the file by its whole path', async (t) => {
  const folder = join(dev.data_dir, 'clients');
  const id = (name: string) => dev.clients.find((client) => client.name === name)?.client_id ?? '';
  const key = ['--key', join(folder, 'demo-consumer-admin.pem'), '--kid', 'demo-consumer-admin-1'];
  const byKey = await user.run(['login', ...SERVER, '--name', 'k', '--client-id', id('demo-consumer-admin'), ...key]);
  t.equal(byKey.code, 0, byKey.stderr);
  const cert = ['--key', 'demo-certificate.pem', '--cert', 'demo-certificate.chain.pem'];
  const byCert = await user.run(['login', ...SERVER, '--name', 'c', '--client-id', id('demo-certificate'), ...cert], {
    cwd: folder,
  });
  t.equal(byCert.code, 0, byCert.stderr);
  t.match(byCert.stderr, /the client has no admin scope/);
  const text = await readFile(join(user.home, FILE), 'utf8');
  t.ok(text.includes(`cert_file: ${join(folder, 'demo-certificate.chain.pem')}`));
});

t.test('login that is refused ends with 4 and keeps nothing', async (t) => {
  const before = await readFile(join(user.home, FILE), 'utf8');
  const key = ['--key', join(dev.data_dir, 'clients/demo-consumer.pem'), '--kid', 'x'];
  const { code, stderr } = await user.run(['login', ...SERVER, '--client-id', 'nobody', ...key]);
  t.equal(code, 4);
  t.match(stderr, /MP-100/);
  t.equal(await readFile(join(user.home, FILE), 'utf8'), before);
});

t.test('what is missing for a log-in ends with 2 and names the flag', async (t) => {
  const noClient = await user.run(['login', ...SERVER]);
  t.match([noClient.code, noClient.stderr], [2, /give --client-id ID/]);
  const noKey = await user.run(['login', ...SERVER, '--client-id', 'a']);
  t.match([noKey.code, noKey.stderr], [2, /give --key FILE or --p12 FILE/]);
});

t.test('without a log-in a command ends with 4 and says how to log in; where dev runs, with the line that does it', async (t) => {
  const stranger = await newUser(t);
  const { code, stderr } = await stranger.run(['scope', 'list']);
  t.equal(code, 4);
  t.match(stderr, /nobody is logged in\n\n {2}fix {3}portvakt login --server URL/);
  const beside = await user.run(['scope', 'list'], { env: { XDG_CONFIG_HOME: join(user.home, 'empty') } });
  t.match(beside.stderr, new RegExp(`portvakt login --server ${dev.issuer} --client`));
});

t.test('an unknown context ends with 3, and the nearest is suggested', async (t) => {
  const { code, stderr } = await user.run(['whoami', '--context', 'demo-ovner-admin']);
  t.equal(code, 3);
  t.match(stderr, /there is no context "demo-ovner-admin"\n\n {2}fix {3}did you mean demo-owner-admin\?/);
});

t.test(
  'flag, variable, portvakt.yaml, context and default count in that order, and context show --origin says which it was',
  async (t) => {
    const folder = join(user.home, 'project');
    await mkdir(join(folder, 'below'), { recursive: true });
    await writeFile(join(folder, 'portvakt.yaml'), 'cli: { context: demo-operator, output: json, timeout: 20s }\n');
    const cwd = join(folder, 'below');
    const origins = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
      const { stdout, stderr } = await user.run(['context', 'show', '--origin', ...args], { cwd, env });
      const items: { setting: string; value: string; origin: string }[] = JSON.parse(stdout || stderr).items;
      return Object.fromEntries(items.map(({ setting, value, origin }) => [setting, [value, origin]]));
    };
    const yaml = join(folder, 'portvakt.yaml');
    const fromFile = await origins([]);
    t.same(fromFile.context, ['demo-operator', yaml]);
    t.same(fromFile.timeout, ['20', yaml]);
    t.same(fromFile.server, [dev.issuer, join(user.home, FILE)]);
    t.same(fromFile.color, ['auto', 'default']);
    const fromVariable = await origins([], { PORTVAKT_CONTEXT: 'demo-owner-admin' });
    t.same(fromVariable.context, ['demo-owner-admin', 'PORTVAKT_CONTEXT']);
    const fromFlag = await origins(['--context', 'demo-consumer-admin'], { PORTVAKT_CONTEXT: 'demo-owner-admin' });
    t.same(fromFlag.context, ['demo-consumer-admin', '--context']);
    const wrong = await user.run(['whoami'], { cwd: await projectWith(user.home, 'cli: { contex: a }') });
    t.match([wrong.code, wrong.stderr], [3, /cli\.contex: is not a setting/]);
  },
);

t.test('PORTVAKT_ISSUER chooses a server only where there is no context: a log-in stays with its server', async (t) => {
  const { code, stdout } = await user.run(['whoami', '--context', 'demo-operator', '-o', 'json'], {
    env: { PORTVAKT_ISSUER: 'http://localhost:9/' },
  });
  t.equal(code, 0);
  t.equal(JSON.parse(stdout).server, dev.issuer);
});

t.test('in a protected context every change asks, and what takes away wants the name of the context', async (t) => {
  await office.batch([['context', 'set', 'demo-owner-admin', '--protected']]);
  const create = ['scope', 'create', 'prove:vern.read', '--description', 'Vern'];
  const unasked = await office.as('owner', ...create);
  t.match([unasked.code, unasked.stderr], [2, /fix {3}add --yes\n/]);
  t.equal((await office.as('owner', ...create, '--dry-run')).code, 0, 'a dry run asks nothing');
  t.equal((await office.as('owner', ...create, '--yes')).code, 0);
  const disable = ['scope', 'disable', 'prove:vern.read', '--yes'];
  const once = await office.as('owner', ...disable);
  t.match([once.code, once.stderr], [2, /add --yes --context demo-owner-admin/]);
  t.equal((await office.as('owner', ...disable, '--context', 'demo-owner-admin')).code, 0);
  await office.batch([['context', 'set', 'demo-owner-admin', '--no-protected']]);
});

t.test('a contexts file that others can write, or that says something unknown, ends with 3', async (t) => {
  const stranger = await newUser(t);
  const file = join(stranger.home, FILE);
  await mkdir(join(stranger.home, '.config/portvakt'), { recursive: true });
  const cases: [string, number, RegExp][] = [
    ['contexts: {}', 0o666, /can be written by others/],
    ['contexts: { a: { server: nowhere } }', 0o600, /contexts\.a\.server/],
    [
      'contexts: { a: { server: "https://a.example/", auth: { type: key, client_id: x, password: p } } }',
      0o600,
      /contexts\.a\.auth/,
    ],
    ['contexts: [', 0o600, /contexts\.yaml cannot be used/],
  ];
  for (const [text, mode, reason] of cases) {
    await writeFile(file, text);
    await chmod(file, mode);
    const { code, stderr } = await stranger.run(['context', 'list']);
    t.match([code, stderr], [3, reason], text);
  }
});

t.test('logout forgets the log-in and the tokens, and a second time there is nothing to do', async (t) => {
  await office.batch([['login', '--client', 'demo-operator', '--name', 'short']]);
  const first = await user.run(['logout', '--context', 'short', '-o', 'json']);
  t.match([first.code, JSON.parse(first.stdout)], [0, { was_logged_in: true }]);
  const whoami = await user.run(['whoami', '--context', 'short']);
  t.equal(whoami.code, 4);
  const second = await user.run(['logout', '--context', 'short', '-o', 'json']);
  t.match([second.code, JSON.parse(second.stdout)], [0, { was_logged_in: false }]);
});

async function projectWith(home: string, yaml: string): Promise<string> {
  const folder = join(home, 'wrong');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'portvakt.yaml'), yaml);
  return folder;
}
