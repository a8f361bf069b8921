import { randomBytes } from 'node:crypto';
import { openStorage } from '../../server/storage/open.ts';
import { describeSqlite, isServed, lockForServer, migrateSqlite } from '../../server/storage/upkeep.ts';
import { Failure } from '../failure.ts';
import type { View } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { readSecret, type SecretOptions } from './backup/secret.ts';
import { type WrittenBackup, writeBackup } from './backup/write-backup.ts';
import { storeHere } from './here.ts';
import { note } from './run-backup.ts';
import { migrateDatabase } from './run-postgres.ts';

export type MigrateOptions = SecretOptions & {
  /** Where the store is backed up before; false: nowhere. */
  readonly backup?: string | boolean;
  readonly config?: string;
  readonly check?: boolean;
  /** Of a PostgreSQL database. */
  readonly ownerUrlFile?: string;
};

type Migrated = { readonly schema: number; readonly pending: readonly string[]; readonly applied: readonly string[] };

/**
 * Brings the schema up, after a backup and while no server runs.
 * @throws {Failure} `changes` when it is only checked and something is pending; `usage` without a word on the backup; `conflict` while a
 * server runs
 */
export async function migrate(options: MigrateOptions, terminal: Terminal): Promise<void> {
  const { dataDir, database, store } = await storeHere(options.config);
  if (store) return migrateDatabase(store, options, terminal);
  const { schema, pending } = describeSqlite(database);
  const due = pending.length > 0;
  if (options.check || !due) {
    await terminal.answer({ schema, pending, applied: [] }, view);
    if (due)
      throw new Failure('changes', `${pending.length} migrations are pending`, { fix: 'portvakt db migrate --backup FILE' });
    return terminal.say('the schema is that of this version');
  }
  if (isServed(dataDir)) throw new Failure('conflict', `a server runs on ${dataDir}`, { fix: 'stop it first' });
  // Held to the end: what a server wrote behind the backup would not be in it.
  const unlock = lockForServer(dataDir);
  const applied = await migrateBackedUp({ dataDir, database, schema }, options, terminal).finally(unlock);
  terminal.say(`${applied.length} migrations were applied`);
  const status = describeSqlite(database);
  await terminal.answer({ schema: status.schema, pending: status.pending, applied }, view);
}

type Outdated = { readonly dataDir: string; readonly database: string; readonly schema: number };

/** @returns the migrations that were applied */
async function migrateBackedUp(
  { dataDir, database, schema: from }: Outdated,
  options: MigrateOptions,
  terminal: Terminal,
): Promise<readonly string[]> {
  const written = await backedUp(dataDir, options, terminal);
  const applied = migrateSqlite(database);
  if (written) await note(database, written);
  await record(database, { from, to: describeSqlite(database).schema });
  return applied;
}

async function backedUp(dataDir: string, options: MigrateOptions, terminal: Terminal): Promise<WrittenBackup | undefined> {
  const { backup } = options;
  if (backup === false) return undefined;
  if (typeof backup !== 'string')
    throw new Failure('usage', 'nothing leads back from a migration but a backup', {
      fix: 'add --backup FILE, or --no-backup where there is one',
    });
  return writeBackup(dataDir, backup, await readSecret(backup, { ...options, isNew: true }, terminal));
}

async function record(database: string, details: Readonly<Record<string, unknown>>): Promise<void> {
  const storage = await openStorage(database);
  const at = Math.floor(Date.now() / 1000);
  const correlationId = randomBytes(16).toString('hex');
  await storage.audit
    .append({ type: 'store.migrated', at, correlationId, details: { ...details, actor: 'host' } })
    .finally(() => storage.close());
}

const view: View<Migrated> = {
  fields: [{ name: 'schema' }, { name: 'pending' }, { name: 'applied' }],
  name: ({ schema }) => `schema/${schema}`,
};
