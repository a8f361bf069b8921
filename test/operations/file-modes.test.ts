import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { newUser } from '../cli/portvakt.ts';

t.setTimeout(60_000);

const isRoot = process.geteuid?.() === 0;
const user = await newUser(t);
await user.run(['init', '--environment', 'test']);
const file = join(user.home, 'portvakt.yaml');
const data = join(user.home, 'portvakt-data');

/** What `serve --check` says of the host as it stands. */
const check = () => user.run(['serve', '--check']);

t.test('PV-SEC-095 what init makes is its user’s alone, an empty folder that was open to others too', async (t) => {
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal(statSync(data).mode & 0o777, 0o700);
  for (const name of ['portvakt.db', 'keys', 'audit-keys']) t.equal(statSync(join(data, name)).mode & 0o077, 0, name);
  mkdirSync(join(user.home, 'open'));
  chmodSync(join(user.home, 'open'), 0o755);
  t.equal((await user.run(['init', '--config', 'other.yaml', '--data', 'open'])).code, 0);
  t.equal(statSync(join(user.home, 'open')).mode & 0o777, 0o700);
});

t.test('PV-SEC-095 a data directory that others can enter, a link, or another user’s is refused, with the remedy', async (t) => {
  for (const mode of [0o755, 0o710, 0o701, 0o770]) {
    chmodSync(data, mode);
    t.match(await check(), { code: 11, stderr: /portvakt-data is open to other users: chmod 700 \/\S+portvakt-data/ });
  }
  chmodSync(data, 0o700);
  if (isRoot) {
    chownSync(data, 65534, 65534);
    t.match(await check(), { code: 11, stderr: /portvakt-data belongs to another user: chown 0 \/\S+portvakt-data/ });
    chownSync(data, 0, 0);
  }
  renameSync(data, `${data}.real`);
  symlinkSync(`${data}.real`, data);
  t.match(await check(), { code: 11, stderr: /portvakt-data is a link: name the folder that it leads to/ });
  rmSync(data);
  renameSync(`${data}.real`, data);
  t.match(await check(), { code: 0 });
});

t.test('PV-SEC-095 a database that others can read or write is refused, its companions too', async (t) => {
  for (const name of ['portvakt.db', 'portvakt.db-wal', 'portvakt.db-shm']) {
    const path = join(data, name);
    if (name !== 'portvakt.db') writeFileSync(path, '', { mode: 0o600 });
    chmodSync(path, 0o640);
    t.match(await check(), { code: 11, stderr: new RegExp(`${name} has mode 640: chmod 600 it`) });
    chmodSync(path, 0o600);
    if (name !== 'portvakt.db') rmSync(path);
  }
});

t.test(
  'PV-SEC-095 a configuration that others can write, a link, or another user’s is refused; reading it is no harm',
  async (t) => {
    for (const mode of [0o620, 0o602, 0o664, 0o666]) {
      chmodSync(file, mode);
      t.match(await check(), {
        code: 3,
        stderr: /portvakt\.yaml: can be written by other users: chmod go-w \/\S+portvakt\.yaml/,
      });
    }
    for (const mode of [0o644, 0o640, 0o400]) {
      chmodSync(file, mode);
      t.match(await check(), { code: 0 }, mode.toString(8));
    }
    if (isRoot) {
      chownSync(file, 65534, 65534);
      t.match(await check(), { code: 3, stderr: /portvakt\.yaml: belongs to another user: chown 0 / });
      chownSync(file, 0, 0);
    }
    renameSync(file, `${file}.real`);
    symlinkSync(`${file}.real`, file);
    t.match(await check(), { code: 3, stderr: /portvakt\.yaml: is a link: put the file itself there/ });
    rmSync(file);
    mkdirSync(file);
    t.match(await check(), { code: 3, stderr: /portvakt\.yaml: is no plain file/ });
    rmSync(file, { recursive: true });
    renameSync(`${file}.real`, file);
  },
);

t.test('PV-SEC-096 a configuration that holds a secret itself is its user’s alone', async (t) => {
  const other = join(user.home, 'secret.yaml');
  for (const secret of ['# postgres://portvakt:hemmelig@db.example.no/portvakt', '# -----BEGIN PRIVATE KEY-----']) {
    writeFileSync(other, `issuer: https://token.example.no/\ndata_dir: portvakt-data\nenvironment: test\n${secret}\n`);
    chmodSync(other, 0o640);
    const open = await user.run(['serve', '--check', '--config', 'secret.yaml']);
    t.match(open, { code: 3, stderr: /holds a secret that other users can read: put it in a file of its own, or chmod 600/ });
    t.notMatch(open.stderr, /hemmelig/);
    chmodSync(other, 0o600);
    t.match(await user.run(['serve', '--check', '--config', 'secret.yaml']), { code: 0 });
  }
});
