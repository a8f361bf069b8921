import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder made for this command, and what takes it back after a failure. */
export type MadeFolder = { readonly isEmpty: boolean; readonly undo: () => Promise<void> };

/**
 * Makes the folder and those above it, mode 0700, or finds it. What was there stays when it is undone: the outermost folder that
 * was made goes, or only what lies in a folder that had been empty.
 */
export async function makeFolder(path: string): Promise<MadeFolder> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  const isEmpty = (await readdir(path)).length === 0;
  if (made !== undefined) return { isEmpty, undo: () => rm(made, { recursive: true, force: true }) };
  return { isEmpty, undo: async () => (isEmpty ? clear(path) : undefined) };
}

/** The same for private data: a folder that was empty and open to others is closed to them. `PV-SEC-095` */
export async function makeDataFolder(path: string): Promise<MadeFolder> {
  const folder = await makeFolder(path);
  const { mode } = await stat(path);
  if (!folder.isEmpty || (mode & 0o077) === 0) return folder;
  await chmod(path, 0o700);
  return { ...folder, undo: () => folder.undo().then(() => chmod(path, mode & 0o777)) };
}

async function clear(path: string): Promise<void> {
  for (const name of await readdir(path)) await rm(join(path, name), { recursive: true, force: true });
}
