import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { StoreUnusable } from '../unusable.ts';
import type { Connection } from './database.ts';

/**
 * Brings the schema to this version: each migration once, in the order of their numbers, each in a transaction with its own
 * record, forward only. Several processes may start at once. `PV-SEC-121`
 * @throws {StoreUnusable} when the database is newer than this version, was migrated by other texts, or is another program's
 */
export function migrate(connection: Connection): void {
  const apply = connection.change((migration: Migration) => {
    if (assertKnown(appliedTo(connection), MIGRATIONS, servedFrom(connection)) >= migration.number) return;
    connection.script(migration.sql);
    connection
      .statement('INSERT INTO migrations (number, name, checksum, applied) VALUES (?, ?, ?, unixepoch())')
      .run(migration.number, migration.name, migration.checksum);
  });
  const done = assertKnown(appliedTo(connection), MIGRATIONS, servedFrom(connection));
  for (const migration of MIGRATIONS.slice(done)) apply(migration);
}

type Migration = { readonly number: number; readonly name: string; readonly checksum: string; readonly sql: string };
type Applied = Omit<Migration, 'sql'>;

/** Beside this file in the sources and in the built package alike. */
const FOLDER = new URL('./migrations/', import.meta.url);

/** A part of the program, read with it: what a store meets later does not hang on the program's own files. */
const MIGRATIONS: readonly Migration[] = readMigrations();

function readMigrations(): readonly Migration[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.sql'));
  return names.sort().map((name, place) => {
    // A checkout may have changed the line ends.
    const sql = readFileSync(new URL(name, FOLDER), 'utf8').replaceAll('\r\n', '\n');
    const number = Number(name.slice(0, 3));
    if (number !== place + 1) throw new Error(`migration ${name} does not follow the one before`);
    return { number, name, checksum: createHash('sha256').update(sql).digest('hex'), sql };
  });
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

/**
 * Number of the oldest migration whose program may use the database as it stands: a migration that only adds lets the program before it go
 * on, and come back, and says so with `PRAGMA user_version`, in its own transaction. 0: nothing was said.
 */
function servedFrom(connection: Connection): number {
  return Number(connection.pragma('user_version'));
}

/** @returns the number of the last migration applied. */
function assertKnown(applied: readonly Applied[], migrations: readonly Migration[], oldest: number): number {
  for (const [place, { number, name, checksum }] of applied.entries()) {
    const known = migrations[place];
    if (!known && oldest > 0 && oldest <= migrations.length) continue;
    if (!known) throw new StoreUnusable(`the database is newer than this version (${name}): start the newer version`);
    if (known.number !== number || known.checksum !== checksum)
      throw new StoreUnusable(`migration ${name} was applied with another text than this version's: restore either`);
  }
  return applied.length;
}
