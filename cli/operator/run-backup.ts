import { randomBytes } from 'node:crypto';
import { openStorage } from '../../server/storage/open.ts';
import { describeSqlite } from '../../server/storage/upkeep.ts';
import { Failure } from '../failure.ts';
import { rfc3339 } from '../moment.ts';
import type { View } from '../output.ts';
import type { Terminal } from '../terminal.ts';
import { readSecret, type SecretOptions } from './backup/secret.ts';
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
  if (store)
    throw new Failure('usage', 'the store is a PostgreSQL database, which is backed up by its own tools', {
      fix: 'pg_dump, or base backups and the write-ahead log; keep a copy of the keys in the data directory, too',
    });
  const secret = await readSecret(options.to, { ...options, isNew: true }, terminal);
  const written = await writeBackup(dataDir, options.to, secret);
  const { pending, flaws } = describeSqlite(database);
  // To note it would bring the schema up, and a backup is what comes before that.
  if (pending.length > 0) terminal.warn('the schema is to be migrated, so that the store does not say that it was backed up');
  else if (flaws.length === 0) await note(database, written);
  terminal.say(`${options.to} holds database and keys as of ${rfc3339(written.manifest.created)}`);
  await terminal.answer(told(options.to, written), view);
  if (flaws.length > 0)
    throw new Failure('unhealthy', `${options.to} cannot be restored: the database is damaged: ${flaws.slice(0, 3).join('; ')}`, {
      fix: 'keep it, and the last one from before: docs/operations/runbooks.md',
    });
}

/** Keeps in the store that it was backed up, and in its audit. */
export async function note(database: string, { manifest, digest }: WrittenBackup): Promise<void> {
  const storage = await openStorage(database);
  const { created: at, sequence } = manifest;
  const details = { sha256: digest, sequence, actor: 'host' };
  try {
    await storage.transaction(async (changes) => {
      await changes.backups.put({ at, digest });
      await changes.audit.append({ type: 'store.backed_up', at, correlationId: randomBytes(16).toString('hex'), details });
    });
  } finally {
    await storage.close();
  }
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
