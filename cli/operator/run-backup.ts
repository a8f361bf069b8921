import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { StoreSettings } from '../../server/config.ts';
import type { Storage } from '../../server/core/ports.ts';
import { openStorage } from '../../server/storage/open.ts';
import { describeSqlite } from '../../server/storage/upkeep.ts';
import { Failure } from '../failure.ts';
import { rfc3339 } from '../moment.ts';
import type { View } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import type { Secret } from './backup/sealed-stream.ts';
import { readSecret, type SecretOptions } from './backup/secret.ts';
import { databaseStore } from './backup/store-contents.ts';
import { type WrittenBackup, writeBackup } from './backup/write-backup.ts';
import { storeHere } from './here.ts';

export type BackupOptions = SecretOptions & { readonly to: string; readonly config?: string };

type BackedUp = {
  readonly file: string;
  readonly created: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly schema: number;
  /** Of the last record of the audit in it. */
  readonly last_sequence: number;
  readonly files: number;
};

/**
 * Backs up the data directory of the configuration, and notes it in the store.
 * @throws {Failure} `unhealthy` when the database is damaged; the backup is kept. As {@link writeBackup}
 */
export async function backup(options: BackupOptions, terminal: Terminal): Promise<void> {
  const { dataDir, database, store } = await storeHere(options.config);
  const secret = await readSecret(options.to, { ...options, isNew: true }, terminal);
  if (store) return backupDatabase(dataDir, store, { to: options.to, secret }, terminal);
  const written = await writeBackup(dataDir, options.to, secret);
  const { pending, flaws } = describeSqlite(database);
  // To note it would bring the schema up, and a backup is what comes before that.
  if (pending.length > 0) terminal.warn('the schema is to be migrated, so that the store does not say that it was backed up');
  else if (flaws.length === 0) await note(database, written);
  await tell(options.to, written, terminal);
  if (flaws.length > 0)
    throw new Failure('unhealthy', `${options.to} cannot be restored: the database is damaged: ${flaws.slice(0, 3).join('; ')}`, {
      fix: 'keep it, and the last one from before: docs/operations/runbooks.md',
    });
}

type Wanted = { readonly to: string; readonly secret: Secret };

async function backupDatabase(dataDir: string, store: StoreSettings, { to, secret }: Wanted, terminal: Terminal): Promise<void> {
  const { location, ...options } = store;
  const storage = await openStorage(location, options);
  try {
    await assertKeysHere(dataDir, storage);
    const written = await writeBackup(dataDir, to, secret, databaseStore(store));
    await keep(storage, written);
    await tell(to, written, terminal);
  } finally {
    await storage.close();
  }
}

/** Of many nodes this one may not have every key, and without those that sign no restore would be taken. */
async function assertKeysHere(dataDir: string, { signingKeys, audit }: Storage): Promise<void> {
  const active = (await signingKeys.list()).filter(({ state }) => state === 'active').map(({ kid }) => kid);
  const names = await namesIn(join(dataDir, 'keys'));
  const missing = active.find((kid) => !names.some((name) => name.startsWith(`${kid}.`)));
  if (missing !== undefined)
    throw new Failure('unhealthy', `${join(dataDir, 'keys')} has no file of the signing key ${missing}`, { fix: COPY_KEYS });
  const sealing = await audit.keys();
  const seals = await namesIn(join(dataDir, 'audit-keys'));
  if (sealing.length > 0 && !sealing.some(({ kid }) => seals.some((name) => name.startsWith(`${kid}.`))))
    throw new Failure('unhealthy', `${join(dataDir, 'audit-keys')} holds no key that seals the audit`, { fix: COPY_KEYS });
}

const COPY_KEYS = 'back up on the node that has it, or copy keys/ and audit-keys/ from there: docs/many-nodes.md';

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(dirname(folder))).includes(basename(folder)) ? readdir(folder) : [];
}

async function tell(to: string, written: WrittenBackup, terminal: Terminal): Promise<void> {
  terminal.say(`${to} holds database and keys as of ${rfc3339(written.manifest.created)}`);
  await terminal.answer(told(to, written), view);
}

/** Keeps in the store in a file that it was backed up, and in its audit. */
export async function note(database: string, written: WrittenBackup): Promise<void> {
  const storage = await openStorage(database);
  await keep(storage, written).finally(() => storage.close());
}

async function keep(storage: Storage, { manifest, digest }: WrittenBackup): Promise<void> {
  const { created: at, sequence } = manifest;
  const details = { sha256: digest, sequence, actor: 'host' };
  await storage.transaction(async (changes) => {
    await changes.backups.put({ at, digest });
    await changes.audit.append({ type: 'store.backed_up', at, correlationId: randomBytes(16).toString('hex'), details });
  });
}

function told(file: string, { manifest, bytes, digest }: WrittenBackup): BackedUp {
  const { created, schema, sequence, files } = manifest;
  const about = { created: rfc3339(created), bytes, sha256: digest, schema };
  return { file, ...about, last_sequence: sequence, files: files.length };
}

const view: View<BackedUp> = {
  fields: [
    { name: 'file' },
    { name: 'created', heading: 'as of' },
    { name: 'bytes' },
    { name: 'sha256' },
    { name: 'schema' },
    { name: 'last_sequence' },
    { name: 'files' },
  ],
  name: ({ file }) => `backup/${file}`,
};
