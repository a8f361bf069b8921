import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { assertPrivateFile, assertPrivateFolder } from '../../keys/key-file.ts';
import { assertPrivateDataFolder } from '../../server/data-folder.ts';
import { assertPrivateDatabase } from '../../server/storage/upkeep.ts';
import { type Found, type Trouble, troubleOf } from '../health-check.ts';
import type { Host } from './host.ts';

/** Judges each file and folder that only the server's user may enter, by the rules that a start judges by, all of them. `PV-SEC-095` */
export async function lookAtPermissions({ config, database }: Host): Promise<readonly Found[]> {
  const folders = ['keys', 'audit-keys'].map((name) => join(config.dataDir, name));
  const keys = (await Promise.all(folders.map(filesOf))).flat();
  const { master, former } = config.keys;
  const rules: readonly (() => void)[] = [
    () => assertPrivateDataFolder(config.dataDir),
    () => assertPrivateDatabase(database),
    ...folders.map((folder) => () => assertPrivateFolder(folder)),
    ...keys.map((path) => () => assertPrivateFile(path)),
    ...[master, former].flatMap((each) => (each ? () => assertUnlessToBeMade(each) : [])),
    ...Object.values(config.sourceKeys).map((path) => () => assertPrivateFile(path, "source's key")),
    ...(config.tls ? [config.tls.key] : []).map((path) => () => assertPrivateFile(path, 'TLS key')),
  ];
  const troubles = rules.flatMap(broken);
  return troubles.length > 0 ? troubles : [`the server's user alone: ${rules.length} files and folders`];
}

/** What is missing is told of where it is judged. */
async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => join(folder, name));
}

/** The default master key is made when it is first needed; where it is needed and gone, the keys that it has sealed tell of it. */
function assertUnlessToBeMade({ file, mayBeMade }: Host['config']['keys']['master']): void {
  try {
    assertPrivateFile(file, 'master key');
  } catch (error) {
    const { code } = (error as { readonly cause?: NodeJS.ErrnoException }).cause ?? {};
    if (!(mayBeMade && code === 'ENOENT')) throw error;
  }
}

function broken(rule: () => void): readonly Trouble[] {
  try {
    rule();
    return [];
  } catch (error) {
    return [troubleOf(error)];
  }
}
