import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { type Manifest, pack } from '../../cli/operator/backup/archive.ts';
import { seal } from '../../cli/operator/backup/sealed-stream.ts';
import { writeBackup } from '../../cli/operator/backup/write-backup.ts';
import { writeLine } from '../../server/audit/line.ts';
import { openStorage } from '../../server/storage/open.ts';
import { lockForServer } from '../../server/storage/upkeep.ts';
import { newUser, type User } from './portvakt.ts';

t.setTimeout(120_000);

const KEY = ['--key-file', 'backup.key'];

/** A host with a store that has been started once. */
async function host(t: Test): Promise<User> {
  const user = await newUser(t);
  t.equal((await user.run(['init', '--issuer', 'http://localhost:7300/'])).code, 0);
  t.equal((await user.run(['serve', '--check'])).code, 0, 'which makes the keys');
  await writeFile(join(user.home, 'backup.key'), 'k'.repeat(32), { mode: 0o600 });
  await writeFile(join(user.home, 'passphrase.txt'), 'correct horse battery\n');
  return user;
}

const database = (user: User, folder = 'portvakt-data') => join(user.home, folder, 'portvakt.db');

async function withStore<T>(file: string, work: (storage: Awaited<ReturnType<typeof openStorage>>) => Promise<T>): Promise<T> {
  const storage = await openStorage(file);
  return work(storage).finally(() => storage.close());
}

t.test('what has been restored stays, also where the answer cannot be given as it was asked for', async (t) => {
  const user = await host(t);
  t.equal((await user.run(['db', 'backup', '--to', 'a.backup', ...KEY])).code, 0);
  const ended = await user.run(['db', 'restore', 'a.backup', '--to', 'new-data', ...KEY, '--columns', 'strange']);
  t.match(ended, { code: 2, stderr: /restored to new-data.*there is no column "strange"/s });
  t.ok((await readdir(join(user.home, 'new-data'))).includes('portvakt.db'));
});

t.test('PV-SEC-123 a backup is restored whole, verified, with the replay floor, and told in both audits', async (t) => {
  const user = await host(t);
  const organization = { orgno: '310555029', name: 'Prøveetaten', active: true, adminScopes: [], created: 1, lastUpdated: 1 };
  await withStore(database(user), (store) => store.transaction((changes) => changes.organizations.put(organization)));
  const made = await user.run(['db', 'backup', '--to', 'a.backup', '--password-file', 'passphrase.txt', '-o', 'json']);
  t.equal(made.code, 0, made.stderr);
  const { sha256, created } = JSON.parse(made.stdout);
  const before = Math.floor(Date.now() / 1000);
  const ended = await user.run([
    'db',
    'restore',
    'a.backup',
    '--to',
    'new-data',
    '--password-file',
    'passphrase.txt',
    '-o',
    'json',
  ]);
  t.equal(ended.code, 0, ended.stderr);
  t.match(JSON.parse(ended.stdout), { sha256, created, keys: 2, undone: null });
  t.match(ended.stderr, /is valid again; --compare says what/);
  await withStore(database(user, 'new-data'), async (store) => {
    t.strictSame(await store.organizations.find(organization.orgno), organization);
    t.ok((await store.standing()).replayFloor.issuedFrom >= before + 10, 'also what a clock ten seconds ahead has issued');
    t.match(await store.audit.list(1), [{ type: 'store.restored', details: { sha256 } }]);
  });
  await withStore(database(user), async (store) => {
    t.match(await store.audit.list(1), [{ type: 'store.backed_up', details: { sha256 } }]);
  });
  for (const folder of ['keys', 'audit-keys'])
    for (const name of await readdir(join(user.home, 'portvakt-data', folder)))
      t.same(
        await readFile(join(user.home, 'new-data', folder, name)),
        await readFile(join(user.home, 'portvakt-data', folder, name)),
      );
  t.same(
    (await readdir(join(user.home, 'portvakt-data'))).filter((name) => name.startsWith('.')),
    [],
    'no copy is left',
  );
  const served = await user.run(['serve', '--check'], { env: { PORTVAKT_DATA: join(user.home, 'new-data') } });
  t.equal(served.code, 0, served.stderr);
  const status = await user.run(['db', 'status', '-o', 'json']);
  t.match(JSON.parse(status.stdout), { integrity: 'ok', served: false, pending: [], last_backup: { sha256 } });
});

t.test('PV-SEC-123 a backup that is not whole, or not this secret’s, is refused, and nothing is written', async (t) => {
  const user = await host(t);
  t.equal((await user.run(['db', 'backup', '--to', 'a.backup', ...KEY])).code, 0);
  const bytes = await readFile(join(user.home, 'a.backup'));
  t.notOk(bytes.includes('PRIVATE KEY'), 'it is encrypted');
  const at = (place: number, change: (byte: number) => number) =>
    Buffer.from(bytes.map((byte, n) => (n === place ? change(byte) : byte)));
  const flip = (byte: number) => byte ^ 1;
  const header = bytes.indexOf('\n') + 1;
  const firstLine = (members: object) => Buffer.from(`${JSON.stringify({ format: 'portvakt-backup-1', ...members })}\n`);
  const bad: readonly (readonly [string, Buffer, RegExp])[] = [
    ['empty', Buffer.alloc(0), /no backup of Portvakt/],
    ['another file', Buffer.from('x'.repeat(5000)), /no backup of Portvakt/],
    ['cut in the first line', bytes.subarray(0, 20), /no backup of Portvakt/],
    ['cut in the code', bytes.subarray(0, header + 10), /not that of this backup/],
    ['cut behind it', bytes.subarray(0, header + 32), /cut short or changed/],
    ['cut at a piece', bytes.subarray(0, header + 32 + 65552), /cut short or changed/],
    ['cut in the seal of a piece', bytes.subarray(0, header + 32 + 65552 + 4), /cut short or changed/],
    ['without its last byte', bytes.subarray(0, -1), /cut short or changed/],
    ['with a byte more', Buffer.concat([bytes, Buffer.from('x')]), /cut short or changed/],
    ['rounds that are no number', firstLine({ kdf: 'scrypt', n: '131072', salt: 'A'.repeat(43) }), /first line was changed/],
    ['rounds without end', firstLine({ kdf: 'scrypt', n: 2 ** 40, salt: 'A'.repeat(43) }), /first line was changed/],
    ['a first line of nothing', firstLine({}), /no backup of Portvakt/],
    ['changed in the first line', at(header - 5, flip), /not that of this backup|no backup/],
    ['changed in the middle', at(bytes.length >> 1, flip), /cut short or changed/],
    ['changed at the end', at(bytes.length - 1, flip), /cut short or changed/],
  ];
  for (const [what, content, message] of bad) {
    await writeFile(join(user.home, 'bad.backup'), content);
    const ended = await user.run(['db', 'restore', 'bad.backup', '--to', 'new-data', ...KEY]);
    t.equal(ended.code, 8, what);
    t.match(ended.stderr, message, what);
    t.notMatch(ended.stderr, /Deprecation|--debug/, what);
  }
  await writeFile(join(user.home, 'other.key'), 'o'.repeat(32), { mode: 0o600 });
  t.match(await user.run(['db', 'restore', 'a.backup', '--to', 'new-data', '--key-file', 'other.key']), { code: 8 });
  t.match(await user.run(['db', 'restore', 'a.backup', '--to', 'new-data', '--password-file', 'passphrase.txt']), { code: 8 });
  t.notOk((await readdir(user.home)).includes('new-data'), 'nothing was written');
});

t.test(
  'a backup of a newer schema is refused before anything is written, and one that its version says can be read is not',
  async (t) => {
    const user = await host(t);
    const restore = async (schema: number, readable_by: number) => {
      const manifest = { created: 1, program: '9.9.9', schema, readable_by, sequence: 0, files: [] };
      const sealed = seal(
        pack(manifest, () => Readable.from([])),
        { key: Buffer.from('k'.repeat(32)) },
      );
      await writeFile(join(user.home, 'newer.backup'), sealed);
      return user.run(['db', 'restore', 'newer.backup', '--to', 'new-data', ...KEY]);
    };
    t.match(await restore(9_999, 9_999), { code: 8, stderr: /its schema, 9999, is newer than this version's/ });
    t.match(await restore(9_999, 0), { code: 8, stderr: /newer than this version's/ });
    t.notMatch(await restore(9_999, 12), { stderr: /newer/ }, 'it is judged by what is in it');
    t.notOk((await readdir(user.home)).includes('new-data'), 'nothing is left of any');
  },
);

t.test(
  'PV-SEC-123 a table of contents that is none, or leads out of the folder, is refused before anything is written',
  async (t) => {
    const user = await host(t);
    const manifest: Manifest = { created: 1, program: '9.9.9', schema: 1, readable_by: 1, sequence: 0, files: [] };
    const file = { path: 'keys/a.sealed', size: 0, sha256: '' };
    const bad: readonly (readonly [string, object])[] = [
      ['a moment that is none', { created: '1' }],
      ['no file', { files: ['keys/a.sealed'] }],
      ...['../out', '/out', 'keys/../../out', 'keys\\..\\out', '.'].map(
        (path) => [path, { files: [{ ...file, path }] }] as const,
      ),
      ['a size below nothing', { files: [{ ...file, size: -1 }] }],
    ];
    for (const [what, change] of bad) {
      const sealed = seal(
        pack({ ...manifest, ...change }, () => Readable.from([])),
        { key: Buffer.from('k'.repeat(32)) },
      );
      await writeFile(join(user.home, 'bad.backup'), sealed);
      const ended = await user.run(['db', 'restore', 'bad.backup', '--to', 'new-data', ...KEY]);
      t.match(ended, { code: 8, stderr: /its table of contents cannot be read/ }, what);
    }
    t.notOk((await readdir(user.home)).includes('new-data'), 'nothing was written');
  },
);

t.test('what a killed backup has left is swept away by the next, and what is being made is not', async (t) => {
  const user = await host(t);
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const left = (pid: number) => [`portvakt-data/.backup-${pid}-aa.db`, `a.backup.${pid}.unfinished`];
  for (const path of [...left(gone), ...left(process.pid)]) await writeFile(join(user.home, path), 'half', { mode: 0o600 });
  t.match(await user.run(['db', 'backup', '--to', 'a.backup', ...KEY]), { code: 0 });
  const found = [
    ...(await readdir(user.home)),
    ...(await readdir(join(user.home, 'portvakt-data'))).map((name) => `portvakt-data/${name}`),
  ];
  t.same(found.filter((name) => /\.backup-|unfinished/.test(name)).sort(), left(process.pid).sort());
});

t.test(
  'what a killed backup with the same process number has left is swept away, too: in a container each has that',
  async (t) => {
    const user = await host(t);
    const left = [`portvakt-data/.backup-${process.pid}-aa.db`, `a.backup.${process.pid}.unfinished`];
    for (const path of left) await writeFile(join(user.home, path), 'half', { mode: 0o600 });
    await writeBackup(join(user.home, 'portvakt-data'), join(user.home, 'a.backup'), { key: Buffer.alloc(32) });
    for (const path of left) t.notOk(existsSync(join(user.home, path)), path);
  },
);

t.test('PV-SEC-123 a backup of a damaged database, which a restore would refuse, is made and ends with 11', async (t) => {
  const user = await host(t);
  const damaged = new Database(database(user));
  damaged.pragma('foreign_keys = 0');
  damaged.exec("INSERT INTO prefixes VALUES ('prove', '310555029', 1, 1, 1)");
  damaged.close();
  const ended = await user.run(['db', 'backup', '--to', 'a.backup', ...KEY]);
  t.match(ended, { code: 11, stderr: /a\.backup cannot be restored: the database is damaged: a row of prefixes refers/ });
  t.ok(existsSync(join(user.home, 'a.backup')), 'and kept: it is all there is');
  t.match(await user.run(['db', 'restore', 'a.backup', '--to', 'new-data', ...KEY]), { code: 11, stderr: /is damaged/ });
  const status = await user.run(['db', 'status', '-o', 'json']);
  t.match(JSON.parse(status.stdout), { integrity: 'damaged', last_backup: null });
});

t.test('PV-SEC-123 a file whose place a restore would refuse stops the backup, and is named', async (t) => {
  const user = await host(t);
  for (const name of ['.nfs0001', 'notes (copy).txt', 'a/b/c/d/e.txt']) {
    const path = join(user.home, 'portvakt-data', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
    const ended = await user.run(['db', 'backup', '--to', 'a.backup', ...KEY]);
    t.match(ended, { code: 11 }, name);
    t.ok(ended.stderr.includes(`${path} cannot be backed up`), ended.stderr);
    await rm(join(user.home, 'portvakt-data', name.split('/')[0] ?? ''), { recursive: true });
  }
  t.notOk(
    (await readdir(user.home)).some((name) => name.startsWith('a.backup')),
    'nothing is left',
  );
});

t.test('two backups to one file at once make one, whole; the other is refused', async (t) => {
  const user = await host(t);
  const backup = () => user.run(['db', 'backup', '--to', 'a.backup', ...KEY]);
  const codes = (await Promise.all([backup(), backup()])).map(({ code }) => code).sort();
  t.ok(codes[0] === 0, `${codes}`);
  t.match(await user.run(['db', 'restore', 'a.backup', '--to', 'new-data', ...KEY]), { code: 0 });
});

t.test('PV-SEC-095 a key file that others can read, a link or a short one is refused', async (t) => {
  const user = await host(t);
  const backup = (file: string) => user.run(['db', 'backup', '--to', 'a.backup', '--key-file', file]);
  await symlink('backup.key', join(user.home, 'link.key'));
  await writeFile(join(user.home, 'short.key'), 'k'.repeat(31), { mode: 0o600 });
  await writeFile(join(user.home, 'open.key'), 'k'.repeat(32));
  await chmod(join(user.home, 'open.key'), 0o644);
  t.match(await backup('link.key'), { code: 8, stderr: /not a plain file/ });
  t.match(await backup('short.key'), { code: 8, stderr: /fewer than 32 bytes/ });
  if (process.platform !== 'win32') t.match(await backup('open.key'), { code: 8, stderr: /open to other users/ });
  t.match(await backup('backup.key'), { code: 0 });
  t.match(await backup('backup.key'), { code: 7, stderr: /exists, and nothing is overwritten/ });
  await writeFile(join(user.home, 'portvakt-data', 'mine.txt'), '');
  const taken = await user.run(['db', 'restore', 'a.backup', '--to', 'portvakt-data', ...KEY]);
  t.match(taken, { code: 7, stderr: /is not empty/ });
  t.ok((await readdir(join(user.home, 'portvakt-data'))).includes('portvakt.db'), 'and left as it is');
});

t.test('PV-SEC-123 what was taken away after the backup is listed, by the store or by an export of its audit', async (t) => {
  const user = await host(t);
  const append = (type: string, subject: string) =>
    withStore(database(user), (store) =>
      store.audit.append({ type, at: 1_800_000_000, correlationId: '0', details: { subject } }),
    );
  await append('access.withdrawn', 'access/prove:a/before');
  t.equal((await user.run(['db', 'backup', '--to', 'a.backup', ...KEY])).code, 0);
  await append('access.withdrawn', 'access/prove:a/310555037');
  await append('delegation.given', 'delegation/1');
  await withStore(database(user), (store) =>
    store.audit.append({
      type: 'signing_key.removed',
      at: 1_800_000_000,
      correlationId: '0',
      details: { kid: 'K', emergency: true },
    }),
  );
  const restore = (to: string, older: string) =>
    user.run(['db', 'restore', 'a.backup', '--to', to, ...KEY, '--compare', older, '-o', 'json', '--utc']);
  const ended = await restore('new-data', 'portvakt-data');
  t.equal(ended.code, 0, ended.stderr);
  t.match(JSON.parse(ended.stdout).undone, [
    { type: 'access.withdrawn', subject: 'access/prove:a/310555037' },
    { type: 'signing_key.removed', subject: 'signing-key/K' },
  ]);
  t.equal(JSON.parse(ended.stdout).undone.length, 2);
  await append('client.removed', 'client/of two\u2028lines');
  await withStore(database(user), async ({ audit }) => {
    const lines: string[] = [];
    for await (const line of audit.lines((await audit.end()).sequence)) lines.push(`${writeLine(line)}\n`);
    await writeFile(join(user.home, 'audit.ndjson'), lines.join(''));
  });
  const exported = await restore('other-data', 'audit.ndjson');
  t.equal(exported.code, 0, exported.stderr);
  t.match(JSON.parse(exported.stdout).undone[2], { subject: 'client/of two\u2028lines' });
  const stranger = await host(t);
  t.match(await restore('newer-data', join(stranger.home, 'portvakt-data')), { code: 9, stderr: /does not go on from/ });
  t.notOk((await readdir(user.home)).includes('newer-data'));
});

const posix = process.platform === 'win32' ? { skip: 'Windows has no modes' } : {};

t.test('PV-SEC-095 a restore closes an empty folder that is open to others; one that fails leaves it open', posix, async (t) => {
  const user = await host(t);
  const folder = join(user.home, 'new-data');
  const mode = async () => (await stat(folder)).mode & 0o777;
  t.equal((await user.run(['db', 'backup', '--to', 'a.backup', ...KEY])).code, 0);
  await mkdir(folder);
  await chmod(folder, 0o755);
  const restore = (...more: string[]) => user.run(['db', 'restore', 'a.backup', '--to', 'new-data', ...KEY, ...more]);
  t.not((await restore('--compare', 'nowhere')).code, 0);
  t.equal(await mode(), 0o755);
  t.match(await restore(), { code: 0 });
  t.equal(await mode(), 0o700);
  const served = await user.run(['serve', '--check'], { env: { PORTVAKT_DATA: folder } });
  t.equal(served.code, 0, served.stderr);
});

t.test('PV-SEC-123 no server starts where a restore has not ended', async (t) => {
  const user = await host(t);
  await writeFile(join(user.home, 'portvakt-data', 'portvakt.db.restoring'), '', { mode: 0o600 });
  t.match(await user.run(['serve', '--check']), { code: 11, stderr: /has not ended: remove that folder, and restore again/ });
});

t.test('PV-SEC-121 no server starts between the backup before a migration and its end', posix, async (t) => {
  const user = await host(t);
  const older = new Database(database(user));
  const counted = [
    'statistics',
    'statistics_position',
    'statistics_gaps',
    'statistics_by_month',
    'statistics_months',
    'readiness',
    'explanations',
    'key_holders',
  ];
  for (const table of counted) older.exec(`DROP TABLE ${table}`);
  older.exec('DROP INDEX audit_changes');
  older.exec('DELETE FROM migrations WHERE number >= 16');
  older.close();
  const pipe = join(user.home, 'pipe');
  t.equal(spawnSync('mkfifo', [pipe]).status, 0);
  const migrating = user.run(['db', 'migrate', '--backup', 'before.backup', '--password-file', 'pipe', '-o', 'json']);
  const asked = await open(pipe, 'w');
  t.throws(() => lockForServer(join(user.home, 'portvakt-data')), { name: 'StoreUnusable' }, 'it waits for its passphrase');
  await asked.writeFile('correct horse battery');
  await asked.close();
  const ended = await migrating;
  t.equal(ended.code, 0, ended.stderr);
  t.match(JSON.parse(ended.stdout), { pending: [], applied: [/^016-/, /^017-/, /^018-/, /^019-/] });
  lockForServer(join(user.home, 'portvakt-data'))();
});
