import type { Storage } from '../core/ports.ts';
import type { LocationOptions } from './postgres/location.ts';
import type { MigrateOptions } from './postgres/migrate.ts';
import type { PostgresOptions } from './postgres/storage.ts';
import type { SchemaStatus } from './schema-status.ts';
import { openSqlite, type SqliteOptions } from './sqlite/storage.ts';
import { StoreUnusable } from './unusable.ts';

export type { TableDigest } from './copied-tables.ts';
export { copyDatabase, copyFile, digestDatabase, digestFile } from './copy.ts';
export { StoreUnusable } from './unusable.ts';

/**
 * Opens the store. One in SQLite is made, and brought to this version's schema, where it is not; one in PostgreSQL is its owner's to make
 * (`portvakt db migrate`).
 * @param location a path, or a URL whose scheme names the adapter: `sqlite:portvakt.db`, `sqlite:/var/lib/portvakt/portvakt.db`,
 *   `postgres://portvakt@db.example.no/portvakt`.
 * @throws {StoreUnusable} for an unknown scheme, and for a database that this version must not touch
 * @throws {StoreUnavailable} when it is locked, out of reach, full or broken
 */
export async function openStorage(location: string, options: SqliteOptions & PostgresOptions = {}): Promise<Storage> {
  // Only those who use it pay for loading the driver.
  if (isPostgres(location)) return (await import('./postgres/storage.ts')).openPostgres(location, options);
  const { scheme, path } = parseLocation(location);
  if (scheme !== 'sqlite')
    throw new StoreUnusable(`no store is known by the scheme "${scheme}:"; give a path, sqlite:PATH, or postgres://…`);
  if (path === '') throw new StoreUnusable(`the location "${location}" names no file; give a path or sqlite:PATH`);
  return openSqlite(path, options);
}

/**
 * Brings a store's schema to this version, as who may: for PostgreSQL its owner.
 * @returns the names of the migrations that were applied; of SQLite none, it applies them whenever it is opened
 * @throws as {@link openStorage}
 */
export async function migrateStorage(location: string, options: MigrateOptions = {}): Promise<readonly string[]> {
  if (isPostgres(location)) return (await import('./postgres/migrate.ts')).migratePostgres(location, options);
  await (await openStorage(location)).close();
  return [];
}

/** What stands in a PostgreSQL database, and what this version would still apply. @throws as {@link openStorage} */
export async function schemaStatus(location: string, options: LocationOptions = {}): Promise<SchemaStatus> {
  return (await import('./postgres/migrate.ts')).postgresStatus(location, options);
}

/** The role that a location of PostgreSQL names. @throws {StoreUnusable} */
export async function roleOf(location: string): Promise<string> {
  return (await import('./postgres/location.ts')).readLocation(location).user;
}

/** Whether a location is of a PostgreSQL database. */
export function isPostgres(location: string): boolean {
  return /^postgres(?:ql)?:/i.test(location);
}

/** A single letter before the colon is a Windows drive, not a scheme. */
function parseLocation(location: string): { readonly scheme: string; readonly path: string } {
  const url = /^([A-Za-z][A-Za-z0-9+.-]+):(?:\/\/(?=\/))?(.*)$/s.exec(location);
  return url ? { scheme: (url[1] ?? '').toLowerCase(), path: url[2] ?? '' } : { scheme: 'sqlite', path: location };
}
