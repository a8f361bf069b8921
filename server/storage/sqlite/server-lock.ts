import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StoreUnavailable } from '../../core/ports.ts';
import { StoreUnusable } from '../unusable.ts';
import { Connection, isBusy } from './database.ts';
import { preparePrivateFile } from './file.ts';

/** Held by the server of a data directory. It has a file of its own, so that commands can use the store beside it. */
const LOCK = 'serve.lock';

/**
 * Takes the data directory for a server: one at a time, because a second would double every limit and do all housekeeping twice. It is
 * a lock of the operating system, and ends with the process however that ends. Commands of the host need none.
 * @returns what gives it back
 * @throws {StoreUnusable} when a server has it
 * @throws {StoreUnavailable} when the file cannot be made
 */
export function lockForServer(dataDir: string): () => void {
  const path = join(dataDir, LOCK);
  preparePrivateFile(path);
  const connection = Connection.bare(path);
  try {
    connection.script('BEGIN EXCLUSIVE');
  } catch (error) {
    connection.close();
    if (!isBusy(error)) throw error;
    throw new StoreUnusable(`another server runs on ${dataDir}: stop it, or give this one a data_dir of its own`, {
      cause: error,
    });
  }
  return () => connection.close();
}

/** Whether a server has the data directory. Where none ever had, nothing is made. @throws {StoreUnusable | StoreUnavailable} */
export function isServed(dataDir: string): boolean {
  if (!existsSync(join(dataDir, LOCK))) return false;
  try {
    lockForServer(dataDir)();
    return false;
  } catch (error) {
    if (error instanceof StoreUnusable && error.cause instanceof StoreUnavailable) return true;
    throw error;
  }
}
