import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { newUser } from './portvakt.ts';

// Each command is a process of its own.
t.setTimeout(120_000);

t.test('signing keys are rotated by commands beside a server that runs', async (t) => {
  const user = await newUser(t);
  t.equal((await user.run(['init'])).code, 0);
  const config = join(user.home, 'portvakt.yaml');
  const settings = await readFile(config, 'utf8');
  await writeFile(
    config,
    `${settings}listen: { hosts: ["127.0.0.1"], port: 0 }\noperations: { listen: off }\n`.replace(
      /^issuer:.*\n/m,
      'issuer: http://localhost:7300/\n',
    ),
  );
  const server = user.start(['serve', '-o', 'json'], { env: { PORTVAKT_WORKERS: '2' } });
  await server.line;
  const command = (...args: readonly string[]) => user.run(['signing-key', ...args, '-o', 'json']);
  const answer = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await command(...args);
    t.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const first = (await answer('list')).items[0];
  t.match(first, { alg: 'RS256', state: 'active' });
  const { kid } = await answer('generate');
  t.match(await answer('publish', kid), { kid, state: 'pending' });
  t.match((await answer('status')).items[1], { next: /^may sign from/ }, 'its processes have not looked yet');
  const early = await command('activate', kid);
  t.equal(early.code, 9);
  t.match(JSON.parse(early.stderr), { error: { message: /may sign from/, fix: /--emergency/ } });
  t.same(await answer('activate', '--if-due'), { items: [], next: null });
  for (const flags of [['--emergency'], ['--reason', 'x'], ['--emergency', '--reason', ' ']])
    t.equal((await command('activate', kid, ...flags)).code, 2, flags.join(' '));
  t.match(await answer('activate', kid, '--emergency', '--reason', 'a drill'), { kid, state: 'active' });
  t.match((await answer('status')).items, [{ file: 'sealed' }, { file: 'sealed' }]);
  t.equal((await command('retire', first.kid)).code, 2, 'it asks, and there is nobody to ask');
  t.equal((await command('retire', 'nobody', '--yes')).code, 9);
  t.match(await answer('retire', first.kid, '--emergency', '--reason', 'stolen', '--yes'), { state: 'removed' });
  t.same(
    (await answer('list')).items.map((key: { kid: string }) => key.kid),
    [kid],
  );
  t.equal((await answer('list', '--all')).items.length, 2);
  t.same(await readdir(join(user.home, 'portvakt-data/keys')), [`${kid}.sealed`]);
  server.child.kill('SIGTERM');
  t.equal((await server.ended).code, 0);
});

t.test('PV-SEC-101 the master key is changed for a passphrase, step by step', async (t) => {
  const user = await newUser(t);
  t.equal((await user.run(['init'])).code, 0);
  const config = join(user.home, 'portvakt.yaml');
  const before = await readFile(config, 'utf8');
  const named = (kind: string, file: string) => `{ kind: ${kind}, file: ${file} }`;
  const [old, next] = [named('file', 'portvakt-data.master-key'), named('passphrase', 'passphrase')];
  const settings = (keys: string) => writeFile(config, before.replace(/keys:[\s\S]*/, `keys: ${keys}\n`));
  await writeFile(join(user.home, 'passphrase'), 'vakt ved porten, hele natten\n', { mode: 0o600 });
  await settings(`{ master: ${next} }`);
  const early = await user.run(['signing-key', 'rewrap']);
  t.equal(early.code, 11);
  t.match(early.stderr, /sealed by another master key.*keys\.former/);
  t.equal((await user.run(['signing-key', 'status'])).code, 11);
  await settings(`{ master: ${next}, former: ${old} }`);
  t.equal((await user.run(['serve', '--check'])).code, 0);
  t.same(JSON.parse((await user.run(['signing-key', 'rewrap', '-o', 'json'])).stdout), { rewrapped: 2 });
  t.same(JSON.parse((await user.run(['signing-key', 'rewrap', '-o', 'json'])).stdout), { rewrapped: 0 });
  await settings(`{ master: ${next} }`);
  t.equal((await user.run(['serve', '--check'])).code, 0);
  await settings(`{ master: ${old} }`);
  const wrong = await user.run(['serve', '--check']);
  t.equal(wrong.code, 11);
  t.match(wrong.stderr, /sealed by another master key, or the passphrase is wrong/);
});
