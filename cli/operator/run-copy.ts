import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { readConfig, readSecret, type StoreSettings } from '../../server/config.ts';
import { copyFile, digestFile, openStorage, type TableDigest } from '../../server/storage/open.ts';
import { isServed } from '../../server/storage/upkeep.ts';
import { Failure } from '../failure.ts';
import type { View } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { existingStore } from './existing-store.ts';
import { nearestConfig } from './run-server.ts';

export type CopyOptions = { readonly ownerUrlFile?: string; readonly config?: string; readonly dryRun?: boolean };

type Copied = { readonly tables: readonly TableDigest[]; readonly rows: number; readonly dry_run?: true };

/**
 * Copies the file in the data directory into the PostgreSQL database of the configuration, and keeps in its audit what was copied.
 * @throws {Failure} `unhealthy` without a file, `config` or `usage` without a database or its owner, `conflict` while a server runs; as
 * `copyFile`
 */
export async function copy({ ownerUrlFile, config, dryRun }: CopyOptions, terminal: Terminal): Promise<void> {
  const { dataDir, store } = await readConfig(config ?? (await nearestConfig(process.cwd())));
  const { location: file } = await existingStore({ dataDir });
  if (dryRun) {
    terminal.say('dry run: this is what would be copied');
    return terminal.answer({ ...told(digestFile(file)), dry_run: true as const }, view);
  }
  if (!store)
    throw new Failure('config', 'the configuration names no PostgreSQL database to copy to', {
      fix: 'name it under store: docs/many-nodes.md',
    });
  if (isServed(dataDir)) throw new Failure('conflict', `a server runs on ${dataDir}`, { fix: 'stop it first' });
  const copied = await copyTo(store, { file, ownerUrlFile });
  terminal.say(`${copied.rows} rows were copied and read back; ${file} is as it was`);
  await terminal.answer(copied, view);
}

async function copyTo(
  { location, ...store }: StoreSettings,
  { file, ownerUrlFile }: { readonly file: string; readonly ownerUrlFile: string | undefined },
): Promise<Copied> {
  if (ownerUrlFile === undefined)
    throw new Failure('usage', "a copy is put in by the database's owner", { fix: 'portvakt db copy --owner-url-file FILE' });
  const owner = await readSecret(resolve(ownerUrlFile), '--owner-url-file');
  const { caFile } = store;
  // Opened before anything is copied: what cannot be recorded is not done.
  const storage = await openStorage(location, store);
  try {
    const tables = await copyFile(file, owner, caFile === undefined ? {} : { caFile });
    await storage.audit.append({
      ...{ type: 'store.copied', at: Math.floor(Date.now() / 1000), correlationId: randomBytes(16).toString('hex') },
      details: { actor: 'host', tables },
    });
    return told(tables);
  } finally {
    await storage.close();
  }
}

function told(tables: readonly TableDigest[]): Copied {
  return { tables, rows: tables.reduce((sum, { rows }) => sum + rows, 0) };
}

const view: View<Copied> = {
  fields: [{ name: 'rows' }, { name: 'dry_run', wide: true }, { name: 'tables', wide: true }],
  name: ({ rows }) => `rows/${rows}`,
};
