import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Failure } from './failure.ts';

/**
 * A folder of this user's own, for what lives no longer than the session: running dev servers and cached tokens. It lies in
 * `XDG_RUNTIME_DIR`, or among the temporary files, where anybody could have made it first: so owner and mode are judged each time.
 * @throws {Failure} when it is a link, another user's, or open to others. `PV-SEC-095`
 */
export async function makePrivateFolder(name: string): Promise<string> {
  const home = await root();
  await make(home);
  const folder = join(home, name);
  await make(folder);
  return folder;
}

/** The same folder, where it has been made. @throws {Failure} as {@link makePrivateFolder} */
export async function findPrivateFolder(name: string): Promise<string | undefined> {
  const home = await root();
  const folder = join(home, name);
  return (await isPrivate(home)) && (await isPrivate(folder)) ? folder : undefined;
}

async function root(): Promise<string> {
  const { XDG_RUNTIME_DIR } = process.env;
  if (XDG_RUNTIME_DIR && (await isFolder(XDG_RUNTIME_DIR))) return join(XDG_RUNTIME_DIR, 'portvakt');
  return join(tmpdir(), `portvakt-${process.getuid?.() ?? userInfo().username}`);
}

async function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function make(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await isPrivate(folder);
}

/** @returns false when it does not exist. @throws {Failure} when it exists and is not private */
async function isPrivate(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (!found) return false;
  const foreign = process.getuid !== undefined && (found.uid !== process.getuid() || (found.mode & 0o077) !== 0);
  if (found.isDirectory() && !foreign) return true;
  throw new Failure('config', `${folder} is not a private folder of yours`, {
    fix: 'remove it, or set XDG_RUNTIME_DIR to a folder that only you can enter',
  });
}
