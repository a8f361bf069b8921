import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { StoreUnavailable } from '../../server/core/ports.ts';
import { openStorage, StoreUnusable } from '../../server/storage/open.ts';
import { Connection } from '../../server/storage/sqlite/database.ts';
import { owner, putAll } from './samples.ts';

const modes = process.platform === 'win32' ? { skip: 'Windows has no modes' } : {};

/** A store that has been used and closed. @returns its file */
async function usedStore(t: Test): Promise<string> {
  const file = join(t.testdir(), 'portvakt.db');
  const storage = await openStorage(file);
  await storage.transaction(putAll);
  await storage.close();
  return file;
}

/** Changes the file behind the store's back. */
function tamper(file: string, sql: string): void {
  const database = new Database(file);
  database.exec(sql);
  database.close();
}

/** Refused, naming what is wrong, and left as it was. */
async function refuses(t: Test, file: string, error: { type: new () => Error; message: RegExp }): Promise<void> {
  const before = readFileSync(file);
  await t.rejects(openStorage(file), error.type);
  await t.rejects(openStorage(file), { message: error.message });
  t.ok(readFileSync(file).equals(before), 'the file is as it was');
}

t.test('a location is a path, a sqlite: URL or one of PostgreSQL, and nothing else is guessed', async (t) => {
  const folder = t.testdir();
  for (const location of [`${folder}/a.db`, `sqlite:${folder}/b.db`, `SQLite://${folder}/c.db`]) {
    await (await openStorage(location)).close();
    t.ok(statSync(`${folder}/${location.slice(-4)}`).isFile(), location);
  }
  for (const location of ['file:portvakt.db', 'https://example.no/', 'sqlite:', ''])
    await t.rejects(openStorage(location), StoreUnusable, location);
  await t.rejects(openStorage('mysql://u:secret@h/d'), {
    message: 'no store is known by the scheme "mysql:"; give a path, sqlite:PATH, or postgres://…',
  });
});

t.test('PV-SEC-095 the database and its companions are 0600 in a folder of 0700', modes, async (t) => {
  const folder = join(t.testdir(), 'var', 'data');
  const umask = process.umask(0);
  t.teardown(() => process.umask(umask));
  const storage = await openStorage(join(folder, 'portvakt.db'));
  t.teardown(() => storage.close());
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
  t.equal(mode(folder), '700');
  for (const suffix of ['', '-wal', '-shm']) t.equal(mode(join(folder, `portvakt.db${suffix}`)), '600', suffix);
});

t.test(
  'PV-SEC-095 a database that others can read or nobody can write, a link or a folder in its place are refused',
  modes,
  async (t) => {
    const file = await usedStore(t);
    for (const mode of [0o640, 0o604, 0o620, 0o602, 0o400]) {
      chmodSync(file, mode);
      await refuses(t, file, { type: StoreUnusable, message: /portvakt\.db has mode [0-7]{3}: chmod 600 it/ });
    }
    chmodSync(file, 0o600);
    writeFileSync(`${file}-wal`, '', { mode: 0o644 });
    await refuses(t, file, { type: StoreUnusable, message: /portvakt\.db-wal has mode 644/ });
    rmSync(`${file}-wal`);
    symlinkSync(file, `${file}.link`);
    await t.rejects(openStorage(`${file}.link`), { message: /is not a plain file/ });
    mkdirSync(`${file}.folder`);
    await t.rejects(openStorage(`${file}.folder`), { message: /is not a plain file/ });
    await (await openStorage(file)).close();
  },
);

t.test(
  "PV-SEC-095 another user's database is refused",
  { ...modes, ...(process.geteuid?.() !== 0 && { skip: 'needs root' }) },
  async (t) => {
    const file = await usedStore(t);
    chownSync(file, 65534, 65534);
    await refuses(t, file, { type: StoreUnusable, message: /belongs to another user: chown it/ });
  },
);

t.test('PV-SEC-118 a folder that cannot be written is told as unavailable', modes, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'portvakt-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  asAnybody(t, folder);
  const file = join(folder, 'portvakt.db');
  await (await openStorage(file)).close();
  chmodSync(folder, 0o500);
  await t.rejects(openStorage(file), StoreUnavailable, 'there is no room for the log beside it');
  await t.rejects(openStorage(join(folder, 'new.db')), StoreUnavailable, 'a new file in a read-only folder');
  await t.rejects(openStorage(join(folder, 'new', 'new.db')), { message: /new\.db cannot be made: EACCES/ });
  chmodSync(folder, 0o700);
  await (await openStorage(file)).close();
});

/** Root may write anything, so root becomes somebody else, who owns the folder, for the rest of the test. */
function asAnybody(t: Test, folder: string): void {
  const { geteuid, seteuid } = process;
  if (geteuid?.() !== 0 || !seteuid) return;
  chownSync(folder, 65534, 65534);
  seteuid(65534);
  t.teardown(() => seteuid(0));
}

t.test('a file that is no database is refused as it is', async (t) => {
  const file = join(t.testdir(), 'portvakt.db');
  writeFileSync(file, 'not a database, but long enough to be looked at. '.repeat(100), { mode: 0o600 });
  await refuses(t, file, { type: StoreUnavailable, message: /file is not a database \(SQLITE_NOTADB\)/ });
});

t.test('a damaged database is told as unavailable and answers nothing', async (t) => {
  const file = await usedStore(t);
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0xa5, 4096));
  const error = await openStorage(file).catch((error: unknown) => error);
  t.ok(error instanceof StoreUnavailable, String(error));
  writeFileSync(file, bytes.subarray(0, 4096));
  t.ok((await openStorage(file).catch((error: unknown) => error)) instanceof StoreUnavailable, 'cut short');
});

t.test("another program's database is left alone", async (t) => {
  const file = join(t.testdir(), 'portvakt.db');
  tamper(file, 'CREATE TABLE migrations (number INTEGER); CREATE TABLE theirs (x)');
  chmodSync(file, 0o600);
  const tables = () => new Database(file, { readonly: true }).prepare('SELECT name FROM sqlite_schema').pluck().all();
  await t.rejects(openStorage(file), StoreUnusable);
  await t.rejects(openStorage(file), { message: "the database is another program's: name another file" });
  t.same(tables(), ['migrations', 'theirs']);
});

t.test('PV-SEC-121 an older binary refuses a newer schema', async (t) => {
  const file = await usedStore(t);
  tamper(
    file,
    "INSERT INTO migrations (number, name, checksum, applied) SELECT number + 1, '099-future.sql', 'x', 0 FROM migrations ORDER BY number DESC LIMIT 1; PRAGMA user_version = 99",
  );
  await refuses(t, file, { type: StoreUnusable, message: /newer than this version \(099-future\.sql\)/ });
});

t.test('PV-SEC-121 a migration that was applied with another text is refused', async (t) => {
  const file = await usedStore(t);
  tamper(file, "UPDATE migrations SET checksum = 'other' WHERE number = 1");
  await refuses(t, file, { type: StoreUnusable, message: /migration 001-registers\.sql was applied with another text/ });
});

t.test('PV-SEC-121 each migration is recorded once, with its checksum', async (t) => {
  const file = await usedStore(t);
  await (await openStorage(file)).close();
  const database = new Database(file, { readonly: true });
  const records = database.prepare('SELECT number, name, checksum FROM migrations ORDER BY number').all();
  database.close();
  const names = readdirSync(new URL('../../server/storage/sqlite/migrations/', import.meta.url)).sort();
  t.match(names, [/^001-/, /^002-/], 'the folder was found');
  t.match(
    records,
    names.map((name, place) => ({ number: place + 1, name, checksum: /^[0-9a-f]{64}$/ })),
  );
  t.equal(records.length, names.length);
});

t.test('PV-SEC-121 what an earlier version registered is there after the migrations that followed', async (t) => {
  const file = olderStore(
    t,
    1,
    `INSERT INTO organizations VALUES ('310555029', 'Prøveetaten', 1, 1, 2);
    INSERT INTO scopes VALUES ('prove:b', 'prove', 'b', '310555029', 1, 0, '[]', 0, NULL, NULL, '{}', 3, 4);
    INSERT INTO scopes VALUES ('prove:a', 'prove', 'a', '310555029', 1, 0, '[]', 0, NULL, NULL, '{}', 3, 4);
    INSERT INTO accesses VALUES ('prove:a', '310555037', 'APPROVED', 5, 6);
    INSERT INTO clients VALUES ('c', 'n', '310555029', NULL, 1, 'maskinporten', 0, '{}', 7, 8);
    INSERT INTO client_scopes VALUES ('c', 0, 'prove:b'), ('c', 1, 'prove:a');`,
  );
  const storage = await openStorage(file);
  t.teardown(() => storage.close());
  const organization = { orgno: '310555029', name: 'Prøveetaten', active: true, adminScopes: [], created: 1, lastUpdated: 2 };
  t.strictSame(await storage.organizations.find('310555029'), organization);
  t.match(await storage.clients.find('c'), { scopes: ['prove:b', 'prove:a'], keys: [] });
  t.notOk('blocked' in ((await storage.clients.find('c')) ?? {}));
  t.strictSame(await storage.accesses.find('prove:a', '310555037'), {
    scope: 'prove:a',
    consumerOrgno: '310555037',
    state: 'APPROVED',
    created: 5,
    lastUpdated: 6,
  });
});

t.test('PV-SEC-121 tokens that were counted before consumers were are their clients’ own', async (t) => {
  const file = olderStore(
    t,
    6,
    `INSERT INTO organizations VALUES ('310555029', 'Prøveetaten', 1, 1, 2, '[]');
    INSERT INTO clients (client_id, name, orgno, active, integration_type, access_token_lifetime, details, created, last_updated)
    VALUES ('c', 'n', '310555029', 1, 'maskinporten', 0, '{}', 7, 8);
    INSERT INTO token_counts VALUES ('c', 'prove:a', 3, 9), ('gone', 'prove:a', 1, 9);`,
  );
  const storage = await openStorage(file);
  t.teardown(() => storage.close());
  t.strictSame(await storage.tokenCounts.listOfScope('prove:a'), [
    { clientId: 'c', consumerOrgno: '310555029', scope: 'prove:a', tokens: 3, lastToken: 9 },
  ]);
});

t.test('PV-SEC-115 durability and integrity settings are made on both connections, and hold', async (t) => {
  const file = await usedStore(t);
  const settings = {
    journal_mode: 'wal',
    synchronous: 2,
    foreign_keys: 1,
    trusted_schema: 0,
    recursive_triggers: 1,
    busy_timeout: 1234,
  };
  for (const readonly of [false, true]) {
    const connection = Connection.open(file, { readonly, busyTimeout: 1234 });
    t.teardown(() => connection.close());
    for (const [name, value] of Object.entries(settings)) t.equal(connection.pragma(name), value, name);
    t.equal(connection.pragma('query_only'), Number(readonly));
  }
});

t.test('PV-SEC-115 a setting that does not hold is not taken on trust', async (t) => {
  const file = await usedStore(t);
  tamper(file, 'PRAGMA journal_mode = delete');
  t.throws(() => Connection.open(file, { readonly: true, busyTimeout: 0 }), /journal_mode|readonly/i);
});

t.test('PV-SEC-106 audit rows cannot be changed, removed or replaced, by any connection with the same settings', async (t) => {
  const file = await usedStore(t);
  const connection = Connection.open(file, { readonly: false, busyTimeout: 0 });
  t.teardown(() => connection.close());
  for (const sql of [
    "UPDATE audit SET type = 'x'",
    'UPDATE audit SET sequence = sequence + 1',
    'DELETE FROM audit',
    `REPLACE INTO audit (sequence, chain, number, previous, hash, type, at, correlation_id, details)
      SELECT sequence, chain, number, previous, hash, 'x', at, correlation_id, details FROM audit`,
  ])
    t.throws(() => connection.script(sql), { message: 'the audit is append-only' }, sql);
  const storage = await openStorage(file);
  t.teardown(() => storage.close());
  t.equal((await storage.audit.list(1))[0]?.type, 'world.installed');
  t.strictSame(await storage.organizations.find(owner.orgno), owner);
});

/** A store as an earlier version left it: so many migrations, and what was registered. */
function olderStore(t: Test, migrations: number, registered: string): string {
  const file = join(t.testdir(), 'portvakt.db');
  const folder = new URL('../../server/storage/sqlite/migrations/', import.meta.url);
  const applied = readdirSync(folder).sort().slice(0, migrations);
  const texts = applied.map((name) => readFileSync(new URL(name, folder), 'utf8'));
  const records = applied.map((name, place) => {
    const checksum = createHash('sha256')
      .update(texts[place]?.replaceAll('\r\n', '\n') ?? '')
      .digest('hex');
    return `INSERT INTO migrations VALUES (${place + 1}, '${name}', '${checksum}', 0);`;
  });
  tamper(file, [...texts, ...records, registered].join('\n'));
  chmodSync(file, 0o600);
  return file;
}
