import { randomBytes } from 'node:crypto';
import { access, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readConfig, readSecret, type StoreSettings } from '../../server/config.ts';
import { copyDatabase, copyFile, digestDatabase, digestFile, openStorage, type TableDigest } from '../../server/storage/open.ts';
import { isServed, UNCOPIED } from '../../server/storage/upkeep.ts';
import { Failure } from '../failure.ts';
import type { View } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { flush } from './backup/write-backup.ts';
import { existingStore } from './existing-store.ts';
import { nearestConfig } from './run-server.ts';

export type CopyOptions = {
  readonly ownerUrlFile?: string;
  readonly toFile?: boolean;
  readonly config?: string;
  readonly dryRun?: boolean;
};

type Copied = { readonly tables: readonly TableDigest[]; readonly rows: number; readonly dry_run?: true };

/**
 * Copies the file in the data directory into the PostgreSQL database of the configuration, or that into a new file there, and keeps in the
 * audit of the copy what was copied.
 * @throws {Failure} `unhealthy` without a file, `config` or `usage` without a database or its owner, `conflict` while a server runs, or
 * where a file is in the way; as `copyFile` and `copyDatabase`
 */
export async function copy(options: CopyOptions, terminal: Terminal): Promise<void> {
  const { dataDir, store } = await readConfig(options.config ?? (await nearestConfig(process.cwd())));
  const way = options.toFile ? await wayBack(dataDir, store) : await wayThere(dataDir, store, options);
  if (options.dryRun) {
    terminal.say('dry run: this is what would be copied');
    return terminal.answer({ ...told(await way.digest()), dry_run: true as const }, view);
  }
  if (isServed(dataDir)) throw new Failure('conflict', `a server runs on ${dataDir}`, { fix: 'stop it first' });
  const copied = told(await way.copy());
  terminal.say(`${copied.rows} rows were copied and read back; ${way.source} is as it was`);
  await terminal.answer(copied, view);
  if (options.toFile) terminal.next('take store out of the configuration, and start the server');
}

type Way = {
  /** In words. */
  readonly source: string;
  digest(): Promise<readonly TableDigest[]>;
  copy(): Promise<readonly TableDigest[]>;
};

type Store = StoreSettings | undefined;

async function wayThere(dataDir: string, store: Store, { ownerUrlFile }: CopyOptions): Promise<Way> {
  const { location: file } = await existingStore({ dataDir });
  return {
    source: file,
    digest: () => digestFile(file),
    copy: async () => {
      const { location, ...options } = named(store, 'to');
      if (ownerUrlFile === undefined)
        throw new Failure('usage', "a copy is put in by the database's owner", { fix: 'portvakt db copy --owner-url-file FILE' });
      const owner = await readSecret(resolve(ownerUrlFile), '--owner-url-file');
      const { caFile } = options;
      // Opened before anything is copied: what cannot be recorded is not done.
      return recorded({ location, ...options }, () => copyFile(file, owner, caFile === undefined ? {} : { caFile }));
    },
  };
}

async function wayBack(dataDir: string, store: Store): Promise<Way> {
  const { location, ...options } = named(store, 'from');
  const file = join(dataDir, 'portvakt.db');
  return {
    source: 'the database',
    digest: () => digestDatabase(location, options),
    copy: async () => {
      // The log of another database would be taken for this one's.
      for (const part of PARTS.map((suffix) => `${file}${suffix}`))
        if (await isThere(part))
          throw new Failure('conflict', `${part} is there already`, { fix: `move ${file} away, and its -wal and -shm` });
      const unfinished = `${file}${UNCOPIED}`;
      // Of one that was cut off.
      await remove(unfinished);
      try {
        const tables = await copyDatabase(location, options, unfinished);
        await recorded({ location: unfinished }, async () => tables);
        await rename(unfinished, file);
        await flush(dataDir);
        return tables;
      } catch (error) {
        await remove(unfinished);
        throw error;
      }
    },
  };
}

function named(store: Store, way: 'to' | 'from'): StoreSettings {
  if (store) return store;
  throw new Failure('config', `the configuration names no PostgreSQL database to copy ${way}`, {
    fix: 'name it under store: docs/many-nodes.md',
  });
}

/** Keeps in the audit of the store that takes the copy what was copied. */
async function recorded(
  { location, ...options }: StoreSettings,
  work: () => Promise<readonly TableDigest[]>,
): Promise<readonly TableDigest[]> {
  const storage = await openStorage(location, options);
  try {
    const tables = await work();
    await storage.audit.append({
      ...{ type: 'store.copied', at: Math.floor(Date.now() / 1000), correlationId: randomBytes(16).toString('hex') },
      details: { actor: 'host', tables },
    });
    return tables;
  } finally {
    await storage.close();
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** What a database file and those beside it end in. */
const PARTS = ['', '-wal', '-shm'];

/** A database file that nobody uses. */
async function remove(path: string): Promise<void> {
  for (const suffix of PARTS) await rm(`${path}${suffix}`, { force: true });
}

function told(tables: readonly TableDigest[]): Copied {
  return { tables, rows: tables.reduce((sum, { rows }) => sum + rows, 0) };
}

const view: View<Copied> = {
  fields: [{ name: 'rows' }, { name: 'dry_run', wide: true }, { name: 'tables', wide: true }],
  name: ({ rows }) => `rows/${rows}`,
};
