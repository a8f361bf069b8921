import { resolve } from 'node:path';
import { readSecret, type StoreSettings } from '../../server/config.ts';
import { migrateStorage, roleOf, schemaStatus } from '../../server/storage/open.ts';
import { describeDatabase } from '../../server/storage/upkeep.ts';
import { Failure } from '../failure.ts';
import type { View } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { STORE_FIELDS, type StoreFields, storeFields } from './status-fields.ts';

type Migrated = {
  readonly pending: readonly string[];
  readonly applied: readonly string[];
  /** Who was given what the server needs. */
  readonly role: string;
};

/** What is said of a migration of a PostgreSQL database. */
export type DatabaseMigration = { readonly ownerUrlFile?: string; readonly check?: boolean; readonly backup?: string | boolean };

/**
 * Brings a PostgreSQL database to this version as its owner, and gives the role that the server connects as its privileges. It is backed
 * up before by the version that ran on it, whose tables it has: this one's restore could not put them in.
 * @throws {Failure} `changes` when it is only checked and something is pending; `usage` without its owner, or for a backup; as
 * `migrateStorage`
 */
export async function migrateDatabase(
  { location, ...store }: StoreSettings,
  { ownerUrlFile, check, backup }: DatabaseMigration,
  terminal: Terminal,
): Promise<void> {
  const role = await roleOf(location);
  if (check) {
    const { pending } = await schemaStatus(location, store);
    await terminal.answer({ pending, applied: [], role }, migratedView);
    if (pending.length > 0)
      throw new Failure('changes', `${pending.length} migrations are pending`, {
        fix: 'portvakt db migrate --owner-url-file FILE',
      });
    return terminal.say('the schema is that of this version');
  }
  if (typeof backup === 'string')
    throw new Failure(
      'usage',
      'a PostgreSQL database is backed up by the version that runs on it, before the new one is put in place',
      {
        fix: 'portvakt db backup there, or the backup of PostgreSQL; then leave out --backup',
      },
    );
  if (ownerUrlFile === undefined)
    throw new Failure('usage', "the store is a PostgreSQL database, whose tables are its owner's to change", {
      fix: 'portvakt db migrate --owner-url-file FILE',
    });
  const owner = await readSecret(resolve(ownerUrlFile), '--owner-url-file');
  const { caFile } = store;
  const applied = await migrateStorage(owner, { ...(caFile !== undefined && { caFile }), runtimeRole: role });
  terminal.say(applied.length > 0 ? `${applied.length} migrations were applied` : 'the schema is that of this version');
  terminal.say(`${role} may read and write the tables, and change none of them`);
  await terminal.answer({ pending: [], applied, role }, migratedView);
}

type Status = StoreFields & {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  readonly current: boolean;
  /** Null where the schema is another version's. */
  readonly bytes: number | null;
  readonly spent_assertions: number | null;
};

/** Tells what a PostgreSQL database has, and how it is. @throws as `schemaStatus` */
export async function databaseStatus({ location, ...store }: StoreSettings, terminal: Terminal): Promise<void> {
  const { applied, pending } = await schemaStatus(location, store);
  const schema = { applied, pending, current: pending.length === 0 };
  if (!schema.current) {
    const unknown = { bytes: null, spent_assertions: null, audit: null, replay_floor: null, last_backup: null };
    return terminal.answer({ ...schema, ...unknown }, statusView);
  }
  const found = await describeDatabase(location, store);
  await terminal.answer({ ...schema, ...found, ...storeFields(found) }, statusView);
}

const migratedView: View<Migrated> = {
  fields: [{ name: 'pending' }, { name: 'applied' }, { name: 'role' }],
  name: ({ role }) => `role/${role}`,
};

const statusView: View<Status> = {
  fields: [
    { name: 'applied' },
    { name: 'pending' },
    { name: 'current' },
    { name: 'bytes' },
    { name: 'spent_assertions' },
    ...STORE_FIELDS,
  ],
  name: ({ current }) => `schema/${current ? 'current' : 'pending'}`,
};
