import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { type Config, readConfig, readSecret as readUrl } from '../../server/config.ts';
import { KNOWN_SCHEMA } from '../../server/storage/upkeep.ts';
import { Failure } from '../failure.ts';
import type { View } from '../output.ts';
import { stopSignal } from '../signals.ts';
import type { Terminal } from '../terminal.ts';
import { isOfDatabase, type Manifest, unpack } from './backup/archive.ts';
import { assertOfThisVersion, restoreDatabase } from './backup/restore-database.ts';
import { restoreFile } from './backup/restore-file.ts';
import { type Restored, type RestoreOrder, usable } from './backup/restored.ts';
import { BackupUnusable, type Secret, unseal } from './backup/sealed-stream.ts';
import { readSecret, type SecretOptions } from './backup/secret.ts';
import { makeDataFolder } from './empty-folder.ts';
import { nearestConfig } from './run-server.ts';

export type RestoreOptions = SecretOptions & {
  readonly to: string;
  readonly compare?: string;
  readonly config?: string;
  /** Of a PostgreSQL database. */
  readonly ownerUrlFile?: string;
};

/**
 * Restores a backup into an empty place. The whole of it is read and held to its seals before anything is written, and what was written
 * is verified before a server could start on it. `PV-SEC-123`
 * @throws {Failure} `invalid` for a backup that cannot be used, `conflict` for a place that is not empty; then nothing is left
 */
export async function restore(file: string, options: RestoreOptions, terminal: Terminal): Promise<void> {
  const config = await readConfig(options.config ?? (await nearestConfig(process.cwd())));
  const secret = await readSecret(file, options, terminal);
  const { manifest, sha256 } = await judged(file, secret);
  const { to, compare } = options;
  const restoring = await wayOf(manifest, config, options);
  // It is finished or taken back: a Ctrl-C between would leave half of it.
  void stopSignal();
  const restored = await intoEmpty(to, () => restoring({ file, secret, sha256, to, compare, keys: config.keys }));
  terminal.say(`restored to ${to}, as of ${restored.created}`);
  if (restored.undone === null)
    terminal.warn(
      `what was revoked, removed or disabled after ${restored.created} is valid again; --compare says what, with the audit of the lost server`,
    );
  await terminal.answer(restored, view);
}

/** Makes the folder, and takes it back where the work fails; what comes after it takes nothing back. @throws {Failure} `conflict` */
async function intoEmpty<T>(to: string, work: () => Promise<T>): Promise<T> {
  const folder = await makeDataFolder(to);
  try {
    if (!folder.isEmpty) throw new Failure('conflict', `${to} is not empty`, { fix: 'choose another folder with --to' });
    return await work();
  } catch (error) {
    await folder.undo();
    throw error;
  }
}

/** Reads the whole backup and writes nothing. @throws {Failure} */
async function judged(file: string, secret: Secret): Promise<{ readonly manifest: Manifest; readonly sha256: string }> {
  const hash = createHash('sha256');
  const hashed = async function* () {
    for await (const chunk of createReadStream(file)) {
      hash.update(chunk as Buffer);
      yield chunk as Buffer;
    }
  };
  const manifest = await usable(file, () => unpack(unseal(hashed(), secret), { begin: assertReadable }));
  return { manifest, sha256: hash.digest('hex') };
}

function assertReadable(manifest: Manifest): void {
  const { schema, readable_by } = manifest;
  if (schema > KNOWN_SCHEMA && (readable_by === 0 || readable_by > KNOWN_SCHEMA))
    throw new BackupUnusable(`its schema, ${schema}, is newer than this version's, ${KNOWN_SCHEMA}: use the newer version`);
  if (isOfDatabase(manifest)) assertOfThisVersion(manifest);
}

/** What goes to which kind of store is the backup's to say. @throws {Failure} where the command or the configuration says another */
async function wayOf(
  manifest: Manifest,
  { store }: Config,
  { ownerUrlFile }: RestoreOptions,
): Promise<(order: RestoreOrder) => Promise<Restored>> {
  if (!isOfDatabase(manifest)) {
    if (ownerUrlFile === undefined) return restoreFile;
    throw new Failure('usage', 'the backup is of a store in a file, and is restored to one', {
      fix: 'leave out --owner-url-file; portvakt db copy takes the restored file to PostgreSQL',
    });
  }
  if (!store)
    throw new Failure('config', 'the backup is of a PostgreSQL database, and the configuration names none to restore it to', {
      fix: 'name an empty one under store: docs/many-nodes.md',
    });
  if (ownerUrlFile === undefined)
    throw new Failure('usage', "the backup is of a PostgreSQL database, and is put in by the database's owner", {
      fix: 'portvakt db restore FILE --to FOLDER --owner-url-file FILE',
    });
  const owner = await readUrl(resolve(ownerUrlFile), '--owner-url-file');
  return (order) => restoreDatabase({ ...order, store, owner });
}

const view: View<Restored> = {
  fields: [
    { name: 'data_dir' },
    { name: 'created', heading: 'as of' },
    { name: 'sha256', wide: true },
    { name: 'schema' },
    { name: 'records', heading: 'audit records' },
    { name: 'keys', heading: 'private keys' },
    { name: 'issued_from', heading: 'assertions from' },
    {
      name: 'undone',
      heading: 'valid again',
      text: ({ undone }) =>
        undone === null ? 'unknown' : undone.map(({ at, type, subject }) => `${at} ${type} ${subject}`).join('; ') || 'nothing',
    },
  ],
  name: ({ data_dir }) => `store/${data_dir}`,
};
