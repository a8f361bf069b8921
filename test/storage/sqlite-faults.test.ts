import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import t from 'tap';
import { StoreUnavailable } from '../../server/core/ports.ts';
import { openStorage } from '../../server/storage/open.ts';
import { Connection } from '../../server/storage/sqlite/database.ts';
import { startChild } from './child-process.ts';
import { owner, putAll, verdict } from './samples.ts';

const key = { clientId: 'a', jti: '1' };

t.test('PV-SEC-118 a locked database refuses every write, spends nothing, and is used again when it is free', async (t) => {
  const file = join(t.testdir(), 'portvakt.db');
  const storage = await openStorage(file, { busyTimeout: 20 });
  t.teardown(() => storage.close());
  await storage.transaction(putAll);
  const other = new Database(file);
  t.teardown(() => other.close());

  other.exec('BEGIN EXCLUSIVE');
  const spends = ['1', '2'].map((jti) => storage.assertions.spend({ clientId: 'a', jti }, 1, verdict));
  for (const refused of await Promise.allSettled([
    ...spends,
    storage.transaction(putAll),
    storage.assertions.prune(1_000, 1),
    storage.ready(),
  ])) {
    t.match(refused, { status: 'rejected', reason: { message: /locked \(SQLITE_BUSY\)/ } });
    t.ok(refused.status === 'rejected' && refused.reason instanceof StoreUnavailable && refused.reason.cause instanceof Error);
  }
  t.strictSame(await storage.organizations.find(owner.orgno), owner, 'what is registered can still be read');
  t.equal(await storage.assertions.isSpent(key), false);
  await t.rejects(openStorage(file, { busyTimeout: 20 }), StoreUnavailable, 'nor is a second server started on it');

  other.exec('ROLLBACK');
  await storage.ready();
  t.equal(await storage.assertions.spend(key, 1, verdict), true);
  await storage.transaction(putAll);
});

t.test('a short lock of another process is waited for', async (t) => {
  const file = join(t.testdir(), 'portvakt.db');
  const storage = await openStorage(file);
  t.teardown(() => storage.close());
  const child = await startChild(t, 'hold-lock', file);
  t.equal(await child.line(), 'locked');
  t.equal(await storage.assertions.spend(key, 1, verdict), true);
});

t.test('PV-SEC-118 a full database rolls back whole, and is used again when there is room', async (t) => {
  const file = join(t.testdir(), 'portvakt.db');
  const storage = await openStorage(file);
  await storage.close();
  const connection = Connection.open(file, { readonly: false, busyTimeout: 0 });
  t.teardown(() => connection.close());
  const count = connection.statement<[], { n: number }>('SELECT count(*) AS n FROM organizations');
  const put = connection.statement<[string, string]>("INSERT INTO organizations VALUES (?, ?, 1, 0, 0, '[]')");
  const fill = connection.change(() => {
    for (let n = 0; n < 100; n++) put.run(`${n}`, 'x'.repeat(3000));
  });
  const room = connection.pragma('max_page_count');
  connection.pragma(`max_page_count = ${Number(connection.pragma('page_count')) + 5}`);

  t.throws(fill, { name: 'StoreUnavailable', message: /SQLITE_FULL/ });
  await t.rejects(
    connection.transaction(async () => fill()),
    StoreUnavailable,
  );
  t.equal(count.get()?.n, 0);

  connection.pragma(`max_page_count = ${room}`);
  fill();
  t.equal(count.get()?.n, 100);
});

t.test('PV-SEC-118 a database that can only be read refuses writes, and takes them again afterwards', async (t) => {
  const file = join(t.testdir(), 'portvakt.db');
  await (await openStorage(file)).close();
  const connection = Connection.open(file, { readonly: false, busyTimeout: 0 });
  t.teardown(() => connection.close());
  const put = connection.statement("INSERT INTO organizations VALUES ('1', 'n', 1, 0, 0, '[]')");
  const change = connection.change(() => put.run());
  connection.pragma('query_only = 1');
  t.throws(change, { name: 'StoreUnavailable', message: /SQLITE_READONLY/ });
  connection.pragma('query_only = 0');
  t.equal(change(), 1);
});

const limits = process.platform === 'win32' ? { skip: 'Windows has no ulimit' } : {};

t.test('PV-SEC-118 when no file may grow, a spend is refused and nothing acknowledged is lost', limits, async (t) => {
  const file = join(t.testdir(), 'portvakt.db');
  const child = await startChild(t, 'until-full', file, 'ulimit -f 4096');
  const { acknowledged, unavailable, spent, error } = JSON.parse(await child.line());
  t.ok(acknowledged > 10, `${acknowledged} were spent before`);
  t.ok(unavailable, error);
  t.equal(spent, false);
  await child.rest();
  const storage = await openStorage(file);
  t.teardown(() => storage.close());
  const again = async (n: number) => storage.assertions.spend({ clientId: 'a', jti: `${n}` }, 1, verdict);
  t.same(await Promise.all([again(0), again(acknowledged - 1), again(acknowledged)]), [false, false, true]);
});

t.test('PV-SEC-118 what is asked while the store is slow waits together, and each assertion is spent once', async (t) => {
  const file = join(t.testdir(), 'portvakt.db');
  const storage = await openStorage(file);
  const other = Connection.open(file, { readonly: false, busyTimeout: 0 });
  t.teardown(() => other.close());
  const jtis = Array.from({ length: 50 }, (_, n) => `${n}`);
  const spend = (jti: string): Promise<boolean> => storage.assertions.spend({ clientId: 'a', jti }, 1, verdict);
  other.script('BEGIN IMMEDIATE');
  const asked: Promise<[boolean, boolean]>[] = [];
  for (const jti of jtis) {
    asked.push(Promise.all([spend(jti), spend(jti)]));
    await nextTurn();
  }
  t.equal(await Promise.race([...asked, nextTurn('unanswered')]), 'unanswered', 'nobody is told anything before it is written');
  other.script('COMMIT');
  t.same(new Set((await Promise.all(asked)).map(([one, two]) => `${[one, two].sort()}`)), new Set(['false,true']));
  await storage.close();
  const again = await openStorage(file);
  t.teardown(() => again.close());
  for (const jti of jtis) t.equal(await again.assertions.isSpent({ clientId: 'a', jti }), true);
});

t.test('a mistake in SQL or a broken constraint is not taken for a failing store', async (t) => {
  const file = join(t.testdir(), 'portvakt.db');
  await (await openStorage(file)).close();
  const connection = Connection.open(file, { readonly: false, busyTimeout: 0 });
  t.teardown(() => connection.close());
  for (const sql of [
    'SELECT nothing FROM nowhere',
    "INSERT INTO organizations VALUES ('1', 'n', 2, 0, 0, '[]')",
    'INSERT INTO audit DEFAULT VALUES',
  ])
    t.throws(() => connection.script(sql), { name: 'SqliteError' }, sql);
  const put = connection.statement("INSERT INTO organizations VALUES ('1', 'n', 1, 0, 0, '[]')");
  t.throws(() => put.run(), { message: 'a change outside of its transaction' });
});

t.test(
  'PV-SEC-118 another process that holds the lock for a moment costs a write that moment, and holds up nothing else',
  async (t) => {
    const file = join(t.testdir(), 'portvakt.db');
    const storage = await openStorage(file);
    t.teardown(() => storage.close());
    const other = Connection.open(file, { readonly: false, busyTimeout: 0 });
    t.teardown(() => other.close());
    for (const write of [
      () => storage.assertions.spend({ clientId: 'a', jti: '1' }, 99, verdict),
      () => storage.audit.append(verdict).then(() => true),
      () => storage.transaction(async () => true),
      () => storage.ready().then(() => true),
    ]) {
      other.script('BEGIN IMMEDIATE');
      const written = write();
      let turns = 0;
      const turn = (): void => {
        if (++turns < 100) setImmediate(turn);
        else other.script('COMMIT');
      };
      setImmediate(turn);
      t.equal(await written, true, 'the lock is given back by this very event loop, which went on turning');
    }
  },
);
