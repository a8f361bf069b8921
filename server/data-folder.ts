import { lstatSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { StoreUnusable } from './storage/unusable.ts';

/**
 * Makes the data directory, mode 0700, or sees that it is one that nobody else can enter.
 * @throws {StoreUnusable} for a link, another user's folder, or one that is open to others. `PV-SEC-095`
 */
export async function prepareDataFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  assertPrivateDataFolder(path);
}

/** Sees that the data directory, which is there, is one that nobody else can enter. @throws {StoreUnusable} as {@link prepareDataFolder} */
export function assertPrivateDataFolder(path: string): void {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) throw new StoreUnusable(`the data directory ${path} is a link: name the folder that it leads to`);
  const own = process.geteuid?.();
  // Windows has neither modes nor owners of this kind.
  if (own === undefined) return;
  if (stat.uid !== own) throw new StoreUnusable(`the data directory ${path} belongs to another user: chown ${own} ${path}`);
  if ((stat.mode & 0o077) !== 0) throw new StoreUnusable(`the data directory ${path} is open to other users: chmod 700 ${path}`);
}
