import { StoreUnusable } from '../unusable.ts';
import type { Connection } from './database.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';

/** What a start may do to a schema that is older than its program. */
export type Extent =
  /** Only what programs of the schema that stands there can go on with. */
  | 'expanding'
  /** Everything; no other program uses the store. */
  | 'everything';

/**
 * Brings the schema to this version: each migration once, in the order of their numbers, each in a transaction with its own
 * record, forward only. Several processes may start at once. Killed at any moment it leaves whole migrations, and is taken up by the
 * next start. `PV-SEC-121`
 * @param migrations those of this version, unless told.
 * @throws {StoreUnusable} when the database is newer than this version can read, was migrated by other texts, is another program's, or
 * needs a migration that the extent does not cover; then it is as it was
 */
export function migrate(
  connection: Connection,
  extent: Extent = 'expanding',
  migrations: readonly Migration[] = MIGRATIONS,
): void {
  const apply = connection.change((migration: Migration) => {
    if (assertKnown(connection, migrations) < migration.number) run(connection, migration);
  });
  const due = pendingOn(connection, migrations);
  if (extent === 'expanding') assertExpanding(due, migrations);
  for (const migration of due) apply(migration);
}

/** The migrations of this version that the database lacks. @throws {StoreUnusable} as {@link migrate} */
export function pendingOn(connection: Connection, migrations: readonly Migration[] = MIGRATIONS): readonly Migration[] {
  return migrations.slice(assertKnown(connection, migrations));
}

/** The schema of a database, and the oldest whose programs may use it. @throws {StoreUnusable} when it is no store */
export function schemaOf(connection: Connection): { readonly schema: number; readonly readableBy: number } {
  return { schema: appliedTo(connection).length, readableBy: oldestReader(connection) };
}

/** The newest schema that this version knows. */
export const KNOWN_SCHEMA = MIGRATIONS.length;

type Applied = Omit<Migration, 'sql' | 'readableBy'>;

function run(connection: Connection, { number, name, checksum, sql, readableBy = number }: Migration): void {
  const oldest = Math.max(oldestReader(connection), readableBy);
  connection.script(sql);
  connection.pragma(`user_version = ${oldest}`);
  connection
    .statement('INSERT INTO migrations (number, name, checksum, applied) VALUES (?, ?, ?, unixepoch())')
    .run(number, name, checksum);
}

/** The oldest schema whose programs may use the database: it lies in the file's header, and no migration lowers it. */
function oldestReader(connection: Connection): number {
  return Number(connection.pragma('user_version'));
}

function appliedTo(connection: Connection): readonly Applied[] {
  const names = connection.statement<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  if (names.length === 0) return [];
  if (!names.some(({ name }) => name === 'migrations') || connection.pragma('application_id') !== APPLICATION_ID)
    throw new StoreUnusable("the database is another program's: name another file");
  return connection.statement<[], Applied>('SELECT number, name, checksum FROM migrations ORDER BY number').all();
}

/** `Pvkt`, in the file's header; set by the first migration. */
const APPLICATION_ID = 0x50766b74;

/** @returns how many of the migrations have been applied. */
function assertKnown(connection: Connection, migrations: readonly Migration[]): number {
  const applied = appliedTo(connection);
  for (const [place, { number, name, checksum }] of applied.slice(0, migrations.length).entries()) {
    const known = migrations[place];
    if (known?.number !== number || known.checksum !== checksum)
      throw new StoreUnusable(`migration ${name} was applied with another text than this version's: restore either`);
  }
  const [unknown] = applied.slice(migrations.length);
  const oldest = oldestReader(connection);
  // Before there was the rule nothing was said, and nobody older may go on.
  if (unknown && (oldest === 0 || oldest > migrations.length))
    throw new StoreUnusable(`the database is newer than this version (${unknown.name}): start the newer version`);
  return Math.min(applied.length, migrations.length);
}

/**
 * A new database has nobody who could not follow. What came before the rule says nothing of its readers and expands, and no program of
 * that time goes on beside a newer one.
 */
function assertExpanding(due: readonly Migration[], migrations: readonly Migration[]): void {
  const present = (due[0]?.number ?? 1) - 1;
  if (present === 0) return;
  const rule = migrations.find(({ readableBy }) => readableBy !== undefined)?.number ?? 1;
  const narrowing = due.find(({ number, readableBy = number }) => number >= rule && readableBy > Math.max(present, rule - 1));
  if (narrowing)
    throw new StoreUnusable(
      `the database needs a migration that servers of its own version cannot go on with (${narrowing.name}): stop them all, and run portvakt db migrate`,
    );
}
