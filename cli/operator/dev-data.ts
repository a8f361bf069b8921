import { access, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { indexFile } from '../dev-client.ts';
import { listDevServers } from '../dev-server.ts';
import { Failure } from '../failure.ts';
import { makeDataFolder } from './empty-folder.ts';

/** Where a dev server keeps its world. */
export type DevData = {
  /** Absolute, without links. */
  readonly path: string;
  /** Whether an earlier dev server left its whole world here. */
  readonly used: boolean;
  /** Whether it stays when the server has ended. */
  readonly kept: boolean;
  /** After the server has ended: a temporary folder goes. */
  readonly leave: () => Promise<void>;
  /** After a start that failed: everything that it made goes. */
  readonly undo: () => Promise<void>;
};

/** A fresh folder of its own, that nobody else can enter, among the temporary files. decisions.md 21 */
export async function temporaryData(): Promise<DevData> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'portvakt-dev-')));
  const remove = () => rm(path, { recursive: true, force: true });
  return { path, used: false, kept: false, leave: remove, undo: remove };
}

/**
 * A folder that is kept: new, empty, or with the world of an earlier dev server.
 * @throws {Failure} when something else lies there, or another dev server is at work in it
 */
export async function persistentData(directory: string): Promise<DevData> {
  const folder = await makeDataFolder(resolve(directory));
  const path = await realpath(directory);
  const used = await exists(indexFile(path));
  if (!used && !folder.isEmpty) {
    throw new Failure('conflict', `${path} holds something else than the world of a dev server`, {
      fix: 'choose a folder that is empty or does not exist',
    });
  }
  const other = (await listDevServers()).find(({ data_dir }) => data_dir === path);
  if (other) throw new Failure('conflict', `the dev server ${other.issuer} is at work in ${path}`);
  return { path, used, kept: true, leave: async () => {}, undo: folder.undo };
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
