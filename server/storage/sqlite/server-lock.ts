import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StoreUnusable } from '../unusable.ts';
import { Connection, isBusy } from './database.ts';
import { preparePrivateFile } from './file.ts';

/** Held by the server of a data directory, and by one that takes over from it. They are no store, so that commands can use that beside them. */
const LOCKS = ['serve.lock', 'serve-next.lock'] as const;

/** `follows`: on a socket that it has in common with the server before, beside which it may start. */
export type Place = 'alone' | 'follows';

/**
 * Takes the data directory for a server: one at a time, because a second would double every limit and do all housekeeping twice, but for
 * one that follows another on the same socket, while that one leaves. It is a lock of the operating system, and ends with the process
 * however that ends. Commands of the host need none.
 * @returns what gives it back
 * @throws {StoreUnusable} when a server has it
 * @throws {StoreUnavailable} when the file cannot be made
 */
export function lockForServer(dataDir: string, place: Place = 'alone'): () => void {
  const taken: (() => void)[] = [];
  const give = (): void => {
    for (const unlock of taken) unlock();
  };
  try {
    for (const name of LOCKS) {
      const unlock = tryLock(join(dataDir, name));
      if (unlock) taken.push(unlock);
      if (unlock ? place === 'follows' : place === 'alone') break;
    }
    if (taken.length < (place === 'alone' ? LOCKS.length : 1)) throw new ServedAlready(dataDir, place);
    return give;
  } catch (error) {
    give();
    throw error;
  }
}

class ServedAlready extends StoreUnusable {
  constructor(dataDir: string, place: Place) {
    const who = place === 'alone' ? 'another server runs' : 'a server and one that follows it run';
    super(`${who} on ${dataDir}: stop it, or give this one a data_dir of its own`);
  }
}

/** @returns what gives it back; undefined when somebody has it @throws {StoreUnavailable} */
function tryLock(path: string): (() => void) | undefined {
  preparePrivateFile(path);
  const connection = Connection.bare(path);
  try {
    connection.script('BEGIN EXCLUSIVE');
    return () => connection.close();
  } catch (error) {
    connection.close();
    if (!isBusy(error)) throw error;
    return undefined;
  }
}

/** Whether a server has the data directory. Where none ever had, nothing is made. @throws {StoreUnusable | StoreUnavailable} */
export function isServed(dataDir: string): boolean {
  if (!existsSync(join(dataDir, LOCKS[0]))) return false;
  try {
    lockForServer(dataDir)();
    return false;
  } catch (error) {
    if (error instanceof ServedAlready) return true;
    throw error;
  }
}
