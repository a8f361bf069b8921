import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { openStorage, StoreUnusable } from '../../server/storage/open.ts';
import { Connection } from '../../server/storage/sqlite/database.ts';
import { migrate, pendingOn, schemaOf } from '../../server/storage/sqlite/migrate.ts';
import { MIGRATIONS, type Migration, toMigration } from '../../server/storage/sqlite/migrations.ts';
import { startChild } from './child-process.ts';
import { statementsOf } from './statements.ts';

/** A connection to an empty database, or to one that stands where a version left it. */
function open(t: Test, file = emptyFile(t)): Connection {
  const connection = Connection.open(file, { readonly: false, busyTimeout: 0 });
  t.teardown(() => connection.close());
  return connection;
}

function emptyFile(t: Test): string {
  const file = join(t.testdir(), 'portvakt.db');
  writeFileSync(file, '', { mode: 0o600 });
  return file;
}

/** Everything that can be seen of a database: its schema, and the rows of its tables. */
function seen(connection: Connection): unknown {
  const schema = connection
    .statement<[], { type: string; name: string; sql: string }>('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name')
    .all();
  const tables = schema.filter(({ type }) => type === 'table').map(({ name }) => name);
  const rows = tables.map((name) => [name, connection.statement<[], object>(`SELECT * FROM "${name}"`).all()]);
  return { schema, rows, pragmas: [connection.pragma('application_id'), connection.pragma('user_version')] };
}

const next = MIGRATIONS.length + 1;
const numbered = (number: number) => String(number).padStart(3, '0');

/** A version to come: this one's migrations, and one more for each text. */
function later(...texts: readonly string[]): readonly Migration[] {
  return [...MIGRATIONS, ...texts.map((sql, place) => toMigration(`${numbered(next + place)}-later.sql`, sql))];
}

const EXPANDS = `PRAGMA user_version = ${MIGRATIONS.length};\nCREATE TABLE later (x);`;
const NARROWS = `PRAGMA user_version = ${next};\nDROP TABLE probe;`;

t.test('PV-SEC-121 a migration that fails at any of its statements leaves what was there, and can be taken up', async (t) => {
  const connection = open(t);
  let statements = 0;
  for (const [place, migration] of MIGRATIONS.entries()) {
    const before = MIGRATIONS.slice(0, place);
    const stood = seen(connection);
    const parts = statementsOf(migration.sql);
    for (const end of parts.keys()) {
      const sql = [...parts.slice(0, end + 1), 'SELECT nobody_knows_this();'].join('\n');
      t.throws(() => migrate(connection, 'everything', [...before, { ...migration, sql }]), { name: 'SqliteError' });
      statements++;
    }
    t.strictSame(seen(connection), stood, `${migration.name} left what was there`);
    migrate(connection, 'everything', [...before, migration]);
  }
  t.ok(statements > MIGRATIONS.length, `${statements} statements`);
  t.same(pendingOn(connection), [], 'and at last all of them are applied');
});

const kills = process.platform === 'win32' ? { skip: 'Windows has no signals' } : {};

t.test(
  'PV-SEC-121 a migration that is killed at a statement leaves what was there, and the next start takes it up',
  kills,
  async (t) => {
    const { name, sql } = MIGRATIONS.find((migration) => migration.name.includes('audit-chain')) as Migration;
    const count = statementsOf(sql).length;
    for (const last of [1, Math.floor(count / 2), count]) {
      const file = emptyFile(t);
      const child = await startChild(t, 'killed-migrating', `${file}|${name}|${last}`);
      t.same(await child.rest(), [], `it was killed after ${last} of ${count} statements`);
      const connection = open(t, file);
      t.equal(pendingOn(connection)[0]?.name, name, 'those before it are whole, and of it there is nothing');
      t.equal(connection.pragma('integrity_check'), 'ok');
      const fresh = open(t);
      for (const each of [connection, fresh]) migrate(each);
      const schema = (each: Connection) => each.statement<[], object>('SELECT name, sql FROM sqlite_schema ORDER BY name').all();
      t.strictSame(schema(connection), schema(fresh));
    }
  },
);

t.test('PV-SEC-121 a version goes on with a database that its neighbour has expanded', async (t) => {
  const file = emptyFile(t);
  const running = await openStorage(file);
  migrate(open(t, file), 'expanding', later(EXPANDS));
  await running.ready();
  await running.close();
  const again = await openStorage(file);
  await again.ready();
  await again.close();
  t.same(schemaOf(open(t, file)), { schema: next, readableBy: MIGRATIONS.length });
});

t.test('PV-SEC-121 a version refuses a database of a version that it is no neighbour of, and leaves it as it is', async (t) => {
  for (const [what, texts] of [
    ['a migration that says so', [NARROWS]],
    ['one that says nothing', ['CREATE TABLE later (x);']],
    ['the second of two', [EXPANDS, `PRAGMA user_version = ${next};\nCREATE TABLE further (x);`]],
  ] as const) {
    const file = emptyFile(t);
    const connection = open(t, file);
    migrate(connection, 'everything', later(...texts));
    const stood = seen(connection);
    t.throws(() => migrate(connection), StoreUnusable, what);
    t.throws(() => migrate(connection), {
      message: /^the database is newer than this version \(\d{3}-later\.sql\): start the newer/,
    });
    await t.rejects(openStorage(file), StoreUnusable, what);
    t.strictSame(seen(connection), stood);
  }
});

t.test('PV-SEC-121 a start does not make a migration that others could not follow; who stops them does', (t) => {
  const connection = open(t);
  migrate(connection);
  const stood = seen(connection);
  t.throws(() => migrate(connection, 'expanding', later(EXPANDS, NARROWS)), {
    name: 'StoreUnusable',
    message: /cannot go on with \(\d{3}-later\.sql\): stop them all, and run portvakt db migrate$/,
  });
  t.strictSame(seen(connection), stood, 'not even the one before it');
  migrate(connection, 'everything', later(EXPANDS, NARROWS));
  t.equal(schemaOf(connection).readableBy, next);
  migrate(connection, 'everything', later(EXPANDS, NARROWS, 'PRAGMA user_version = 1;\nCREATE TABLE further (x);'));
  t.equal(schemaOf(connection).readableBy, next, 'a later one that asks for less lets nobody in again');
  migrate(open(t), 'expanding', later(EXPANDS, NARROWS));
  t.pass('a new database has nobody to follow');
  t.end();
});

t.test('PV-SEC-121 a migration whose text is not the one that was applied is noticed', (t) => {
  const connection = open(t);
  migrate(connection, 'everything', later(EXPANDS));
  const changed = later(`${EXPANDS}\n`);
  t.throws(() => migrate(connection, 'everything', changed), { message: /-later\.sql was applied with another text/ });
  migrate(connection, 'everything', later(EXPANDS.replaceAll('\n', '\r\n')));
  t.end();
});

t.test('PV-SEC-121 every migration since the rule says which schema its readers must know', (t) => {
  const rule = MIGRATIONS.findIndex(({ name }) => name.includes('replay-floor'));
  t.ok(rule > 0);
  for (const { name, number, readableBy } of MIGRATIONS.slice(rule))
    t.ok(readableBy !== undefined && readableBy <= number, `${name} has a line PRAGMA user_version = N`);
  t.end();
});

t.test('a file that is made by hand and is no store is refused', (t) => {
  const file = emptyFile(t);
  const other = new Database(file);
  other.exec('CREATE TABLE theirs (x)');
  other.close();
  chmodSync(file, 0o600);
  t.throws(() => schemaOf(open(t, file)), StoreUnusable);
  t.end();
});
