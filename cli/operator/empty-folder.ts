import { mkdir, readdir, rm } from 'node:fs/promises';
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

async function clear(path: string): Promise<void> {
  for (const name of await readdir(path)) await rm(join(path, name), { recursive: true, force: true });
}
