import type { Storage } from '../core/ports.ts';
import { openSqlite, type SqliteOptions } from './sqlite/storage.ts';
import { StoreUnusable } from './unusable.ts';

export { StoreUnusable } from './unusable.ts';

/**
 * Opens the store, made and brought to this version's schema where it is not.
 * @param location a path, or a URL whose scheme names the adapter: `sqlite:portvakt.db`, `sqlite:/var/lib/portvakt/portvakt.db`.
 * @throws {StoreUnusable} for an unknown scheme, and for a database that this version must not touch
 * @throws {StoreUnavailable} when it is locked, out of reach, full or broken
 */
export async function openStorage(location: string, options: SqliteOptions = {}): Promise<Storage> {
  const { scheme, path } = parseLocation(location);
  if (scheme !== 'sqlite') throw new StoreUnusable(`no store is known by the scheme "${scheme}:"; give a path or sqlite:PATH`);
  if (path === '') throw new StoreUnusable(`the location "${location}" names no file; give a path or sqlite:PATH`);
  return openSqlite(path, options);
}

/** A single letter before the colon is a Windows drive, not a scheme. */
function parseLocation(location: string): { readonly scheme: string; readonly path: string } {
  const url = /^([A-Za-z][A-Za-z0-9+.-]+):(?:\/\/(?=\/))?(.*)$/s.exec(location);
  return url ? { scheme: (url[1] ?? '').toLowerCase(), path: url[2] ?? '' } : { scheme: 'sqlite', path: location };
}
