import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { StoreUnavailable } from '../../core/ports.ts';
import { StoreUnusable } from '../unusable.ts';

/**
 * Sees to it that the database is a file of our own that nobody else can read: made with mode 0600 where it is missing, in a
 * folder of mode 0700. SQLite gives its companions (`-wal`, `-shm`) the same mode, so they would stay read-only if the database
 * ever was. An existing file is not opened here: closing it would drop the locks of this process's other connections.
 * `PV-SEC-095`
 * @throws {StoreUnusable} for a file of another mode, another's, or no file
 * @throws {StoreUnavailable} when the folder or file cannot be made
 */
export function preparePrivateFile(path: string): void {
  try {
    if (!look(path)) make(path);
  } catch (cause) {
    throw new StoreUnavailable(`the database ${path} cannot be made: ${(cause as Error).message}`, { cause });
  }
  assertPrivateDatabase(path);
}

/** Sees that the database and its companions, as far as they are there, are our own alone. @throws {StoreUnusable} `PV-SEC-095` */
export function assertPrivateDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) assertPrivate(`${path}${suffix}`);
}

/** What a database is called until its restore has been verified. */
export const UNFINISHED = '.restoring';

/** What a database is called until its copy has been verified. */
export const UNCOPIED = '.copying';

/** @throws {StoreUnusable} where a restore or a copy has begun and not ended: a start would make a new database in its place. `PV-SEC-123` */
export function assertRestored(path: string): void {
  if (look(`${path}${UNCOPIED}`))
    throw new StoreUnusable(
      `the copy to ${path} has not ended: portvakt db copy --to-file once more, or remove ${path}${UNCOPIED}`,
    );
  if (look(`${path}${UNFINISHED}`))
    throw new StoreUnusable(`the restore to ${dirname(path)} has not ended: remove that folder, and restore again`);
}

function make(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

/** Windows has neither modes nor owners of this kind. */
function assertPrivate(path: string): void {
  const stat = look(path);
  if (!stat) return;
  if (!stat.isFile()) throw new StoreUnusable(`the database ${path} is not a plain file`);
  if (process.geteuid === undefined) return;
  if (stat.uid !== process.geteuid()) throw new StoreUnusable(`the database ${path} belongs to another user: chown it`);
  const mode = stat.mode & 0o777;
  if (mode !== 0o600) throw new StoreUnusable(`the database ${path} has mode ${mode.toString(8)}: chmod 600 it`);
}

function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
