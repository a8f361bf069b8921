import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openStorage } from '../../server/storage/open.ts';
import { type Mask, matchesGolden } from './golden.ts';
import { newUser, type User } from './portvakt.ts';

const BOOTSTRAP = ['admin', 'bootstrap', '--orgno', '310555010', '--name', 'Fiktiv Tokendrift', '--public-key', 'op.pub.jwk'];

t.test('PV-SEC-090 admin bootstrap makes the operator and its first client, and tells the log-in that comes next', async (t) => {
  const user = await host(t);
  const { code, stdout, stderr } = await user.run([...BOOTSTRAP, '-o', 'json']);
  t.equal(code, 0, stderr);
  const made = JSON.parse(stdout);
  t.match(made, { orgno: '310555010', name: 'Fiktiv Tokendrift', kid: 'op-1' });
  t.equal(made.login_command, `portvakt login --server http://localhost:7300/ --client-id ${made.client_id} --key FILE`);
  t.match(stderr, /310555010 Fiktiv Tokendrift is the operator of http:\/\/localhost:7300\//);
});

t.test('PV-SEC-090 it is made once: a second time ends with 7, says who the operator is, and changes nothing', async (t) => {
  const user = await host(t);
  t.equal((await user.run(BOOTSTRAP)).code, 0);
  const before = await registered(user);
  const again = await user.run(['admin', 'bootstrap', '--orgno', '310555029', '--name', 'Other', '--public-key', 'op.pub.jwk']);
  t.equal(again.code, 7);
  t.equal(again.stdout, '');
  t.match(again.stderr, /✗ this has been done: the operator is 310555010 Fiktiv Tokendrift; nothing was changed/);
  t.same(await registered(user), before);
});

t.test('PV-SEC-090 of two that bootstrap at once one makes the operator', async (t) => {
  const user = await host(t);
  const codes = (await Promise.all([user.run(BOOTSTRAP), user.run(BOOTSTRAP)])).map(({ code }) => code);
  t.same(codes.sort(), [0, 7]);
  t.equal((await registered(user)).clients.length, 1);
});

t.test('PV-SEC-092 the audit tells of it, with the host as what acted and the key by its thumbprint', async (t) => {
  const user = await host(t);
  await user.run(BOOTSTRAP);
  const storage = await openStorage(join(user.home, 'portvakt-data/portvakt.db'));
  const [record] = (await storage.audit.list(10)).filter(({ type }) => type === 'operator.made');
  await storage.close();
  t.match(record, { orgno: '310555010', details: { subject: 'organization/310555010', actor: 'host' } });
  const { n } = JSON.parse(await readFile(join(user.home, 'op.pub.jwk'), 'utf8'));
  t.notOk(JSON.stringify(record).includes(n), 'the key itself is not in it');
});

t.test('an organisation that is registered already becomes the operator, and keeps its name and its admin scopes', async (t) => {
  const world = `organizations:\n  - { orgno: "310555010", name: Registered, admin_scopes: [portvakt:audit.read] }\n`;
  const user = await host(t, world);
  t.equal((await user.run(BOOTSTRAP)).code, 0);
  const [organization] = (await registered(user)).organizations;
  t.equal(organization?.name, 'Registered');
  t.ok(organization?.adminScopes.includes('portvakt:audit.read') && organization.adminScopes.includes('portvakt:operator'));
});

t.test('the server may run meanwhile: the new operator logs in to it at once', async (t) => {
  const user = await host(t);
  await writeFile(join(user.home, 'world.yaml'), 'organizations:\n  - { orgno: "310555029", name: Owner }\n');
  const { issuer, data_dir } = await user.dev('--seed', 'world.yaml');
  await writeFile(join(user.home, 'running.yaml'), `issuer: ${issuer}\nenvironment: test\ndata_dir: ${data_dir}\n`);
  const { code, stdout, stderr } = await user.run([...BOOTSTRAP, '--config', 'running.yaml', '-q']);
  t.equal(code, 0, stderr);
  const login = await user.run(['login', '--server', issuer, '--client-id', stdout.trim(), '--key', 'op.pem', '-o', 'json']);
  t.equal(login.code, 0, login.stderr);
  t.ok(JSON.parse(login.stdout).scopes.includes('portvakt:operator'));
});

t.test('nothing is made from input that cannot be', async (t) => {
  const user = await host(t);
  const cases: [string[], number, RegExp][] = [
    [['--orgno', '310555011'], 8, /"310555011" is not an organisation number/],
    [['--public-key', 'op.pem'], 8, /op\.pem is a private key, which never leaves this machine/],
    [['--public-key', 'missing'], 6, /missing: there is no such file/],
    [['--config', 'missing.yaml'], 3, /missing\.yaml: cannot be read/],
  ];
  for (const [flags, expected, reason] of cases) {
    const { code, stderr } = await user.run([...BOOTSTRAP, ...flags]);
    t.equal(code, expected, stderr);
    t.match(stderr, reason);
  }
  t.equal((await user.run(['admin', 'bootstrap', '--orgno', '310555010'])).code, 2);
  t.same((await registered(user)).organizations, []);
});

t.test('without a store it ends with 11 and makes none', async (t) => {
  const user = await newUser(t);
  await user.run(['key', 'generate', '--out', 'op.pem']);
  await writeFile(join(user.home, 'portvakt.yaml'), 'issuer: http://localhost:7300/\ndata_dir: nowhere\n');
  const { code, stderr } = await user.run(BOOTSTRAP);
  t.equal(code, 11);
  t.match(stderr, /there is no store in .*nowhere\n\n {2}fix {3}portvakt init makes one/);
});

t.test('it prints its answer in every format, and with -q the id of the client alone', async (t) => {
  const user = await host(t);
  const masks: readonly Mask[] = [[/[0-9a-f]{8}-[0-9a-f-]{27}/g, '7f3b0c7e-3b1d-4d7a-9f0e-5a2c1d9e8b44']];
  for (const format of ['table', 'wide', 'json', 'yaml', 'csv', 'name']) {
    const home = join(user.home, format);
    for (const name of ['portvakt.yaml', 'portvakt-data', 'op.pub.jwk'])
      await cp(join(user.home, name), join(home, name), { recursive: true });
    const { code, stdout, stderr } = await user.run([...BOOTSTRAP, '-o', format], { cwd: home });
    t.equal(code, 0, stderr);
    matchesGolden(t, `admin-bootstrap.${format}`, { text: stdout, masks });
  }
  t.match((await user.run([...BOOTSTRAP, '-q'])).stdout, /^[0-9a-f-]{36}\n$/);
});

/** A host with a configuration, a store and a key for the operator. */
async function host(t: Test, world?: string): Promise<User> {
  const user = await newUser(t);
  if (world !== undefined) await writeFile(join(user.home, 'world.yaml'), world);
  const init = await user.run(['init', '--environment', 'test', ...(world === undefined ? [] : ['--world', 'world.yaml'])]);
  const key = await user.run(['key', 'generate', '--out', 'op.pem', '--kid', 'op-1']);
  t.same([init.code, key.code], [0, 0], init.stderr);
  return user;
}

async function registered({ home }: User) {
  const storage = await openStorage(join(home, 'portvakt-data/portvakt.db'));
  try {
    return { organizations: await storage.organizations.list(), clients: await storage.clients.list() };
  } finally {
    await storage.close();
  }
}
