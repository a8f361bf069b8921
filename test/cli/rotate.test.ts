import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openOffice } from './administrators.ts';
import { openGate } from './gate.ts';

t.setTimeout(120_000);

let clients = 0;
const gate = await openGate(t);
const office = await openOffice(t, '--issuer', gate.issuer, '--port', String(gate.port));

/** What a rotation changes at the server, by the calls that do so. */
const STEPS: readonly (readonly [name: string, method: string, path: RegExp])[] = [
  ['the new key is registered', 'PUT', /\/jwks\/new-1$/],
  ['the new key is tested', 'POST', /^\/token$/],
  ['the old key is removed', 'DELETE', /\/jwks\/old-1$/],
];

t.test('key rotate puts a new key in the place of the old one', async (t) => {
  const rotation = await begin(t);
  const { code, stdout, stderr } = await rotation.rotate();
  t.equal(code, 0, stderr);
  t.match(JSON.parse(stdout), {
    kid: 'new-1',
    removed_kid: 'old-1',
    private_key_file: 'new.pem',
    public_key_file: 'new.pub.jwk',
  });
  await assertRotated(t, rotation);
});

for (const [name, method, path] of STEPS) {
  for (const moment of ['before', 'after'] as const) {
    t.test(`key rotate is repeated safely when it was killed ${moment} ${name}`, async (t) => {
      const rotation = await begin(t);
      const { rotate, worksWith } = rotation;
      const running = rotation.begin();
      gate.stepIn({ method, path, moment }, async () => {
        running.child.kill('SIGKILL');
        return 'cut';
      });
      t.equal((await running.ended).signal, 'SIGKILL', 'it was interrupted');
      t.ok((await worksWith('old-1')) || (await worksWith('new-1')), 'a key works at every moment');
      const again = await rotate();
      t.equal(again.code, 0, again.stderr);
      await assertRotated(t, rotation);
    });
  }
}

t.test('key rotate is repeated safely when it was killed between its two key files', async (t) => {
  const rotation = await begin(t);
  const { folder, run, rotate } = rotation;
  await run('key', 'generate', '--out', 'new.pem', '--kid', 'new-1');
  await rm(join(folder, 'new.pub.jwk'));
  const { code, stderr } = await rotate();
  t.equal(code, 0, stderr);
  await assertRotated(t, rotation);
  t.same(
    (await readdir(folder)).filter((name) => /^new/.test(name)).sort(),
    ['new.pem', 'new.pub.jwk'],
    'and nothing beside them',
  );
});

t.test('key rotate that has been done is done again without a change', async (t) => {
  const rotation = await begin(t);
  await rotation.rotate();
  const { code, stdout } = await rotation.rotate();
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { kid: 'new-1', removed_kid: null });
  await assertRotated(t, rotation);
});

t.test('key rotate removes nothing when the new key does not pass its test', async (t) => {
  const { keys, rotate, run } = await begin(t);
  await run('whoami');
  gate.refuseTokens(true);
  const { code, stderr } = await rotate();
  gate.refuseTokens(false);
  t.not(code, 0);
  t.match(stderr, /MP-100/);
  t.same(await keys(), ['key/new-1', 'key/old-1']);
});

t.test('of several keys the one that goes has to be named', async (t) => {
  const { name, keys, rotate, run } = await begin(t);
  await run('key', 'generate', '--out', 'other.pem', '--kid', 'other-1');
  await run('key', 'add', name, 'other.pub.jwk');
  const unsure = await rotate();
  t.equal(unsure.code, 2);
  t.match(unsure.stderr, /--old old-1/);
  t.equal((await rotate('--old', 'old-2')).code, 6);
  const { code, stdout } = await rotate('--old', 'old-1');
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { removed_kid: 'old-1' });
  t.same(await keys(), ['key/new-1', 'key/other-1']);
});

t.test('key rotate with --dry-run makes no file and changes nothing', async (t) => {
  const { folder, rotate, worksWith } = await begin(t);
  const { code, stdout } = await rotate('--dry-run');
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { dry_run: true, removed_kid: 'old-1' });
  t.same(
    (await readdir(folder)).filter((name) => /^new/.test(name)),
    [],
  );
  t.ok(await worksWith('old-1'));
});

t.test('whoever rotates the key that the context speaks with goes on with the new one', async (t) => {
  const { code, stderr } = await office.as(
    'consumer',
    'key',
    'rotate',
    'demo-consumer-admin',
    '--out',
    'admin.pem',
    '--kid',
    'admin-2',
    '--yes',
  );
  t.equal(code, 0, stderr);
  t.match(stderr, /context demo-consumer-admin speaks with the new key/);
  const contexts = await readFile(join(office.user.home, '.config/portvakt/contexts.yaml'), 'utf8');
  t.match(contexts, /key_file: .*admin\.pem\n\s+kid: admin-2/);
  const whoami = await office.as('consumer', 'whoami');
  t.equal(whoami.code, 0, whoami.stderr);
});

/** A client with one key, in a folder of its own, behind the server that can be watched and interrupted. */
async function begin(t: Test) {
  const name = `rotated-${++clients}`;
  const folder = join(office.user.home, name);
  await mkdir(folder);
  const env = { PORTVAKT_CONTEXT: 'demo-consumer-admin' };
  const start = (...args: readonly string[]) => office.user.start(args, { cwd: folder, env });
  const run = (...args: readonly string[]) => office.user.run(args, { cwd: folder, env });
  await run('key', 'generate', '--out', 'old.pem', '--kid', 'old-1');
  const made = await run('client', 'create', name, '--scope', 'prove:bygg.read', '--public-key', 'old.pub.jwk', '-q');
  t.equal(made.code, 0, made.stderr);
  const line = ['key', 'rotate', name, '--out', 'new.pem', '--kid', 'new-1', '--yes', '-o', 'json'];
  const keys = async () => (await run('key', 'list', name, '-o', 'name')).stdout.split('\n').filter(Boolean).sort();
  const worksWith = async (kid: 'old-1' | 'new-1'): Promise<boolean> => {
    const client = ['--client-id', made.stdout.trim(), '--issuer', office.dev.issuer, '--no-cache'];
    return (
      (await run('token', 'get', ...client, '--key', `${kid.slice(0, 3)}.pem`, '--kid', kid, '--scope', 'prove:bygg.read'))
        .code === 0
    );
  };
  return {
    folder,
    name,
    run,
    keys,
    worksWith,
    rotate: (...flags: readonly string[]) => run(...line, ...flags),
    begin: () => start(...line),
  };
}

type Rotation = Awaited<ReturnType<typeof begin>>;

async function assertRotated(t: Test, { keys, worksWith }: Rotation): Promise<void> {
  t.same(await keys(), ['key/new-1'], 'the new key alone is left');
  t.ok(await worksWith('new-1'), 'and it works');
  t.notOk(await worksWith('old-1'), 'the old one does not');
}
