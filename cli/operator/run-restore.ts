import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Config, readConfig } from '../../server/config.ts';
import { CLOCK_SKEW } from '../../server/core/settings.ts';
import { openStorage } from '../../server/storage/open.ts';
import { describeSqlite, KNOWN_SCHEMA, UNFINISHED } from '../../server/storage/upkeep.ts';
import { Failure } from '../failure.ts';
import { rfc3339 } from '../moment.ts';
import type { View } from '../output.ts';
import { stopSignal } from '../signals.ts';
import type { Terminal } from '../terminal.ts';
import { type ArchivedFile, type Manifest, unpack } from './backup/archive.ts';
import { findUndone, type Undone } from './backup/revived.ts';
import { BackupUnusable, type Secret, unseal } from './backup/sealed-stream.ts';
import { readSecret, type SecretOptions } from './backup/secret.ts';
import { verifyAudit, verifyKeys } from './backup/verify-restored.ts';
import { flush } from './backup/write-backup.ts';
import { makeDataFolder } from './empty-folder.ts';
import { nearestConfig } from './run-server.ts';

export type RestoreOptions = SecretOptions & { readonly to: string; readonly compare?: string; readonly config?: string };

type Restored = {
  readonly data_dir: string;
  readonly created: string;
  readonly sha256: string;
  readonly schema: number;
  readonly records: number;
  readonly keys: number;
  /** Assertions that were issued earlier are refused. */
  readonly issued_from: string;
  /** What took rights away after the backup, and holds no longer; null: nothing to compare with. */
  readonly undone: readonly Undone[] | null;
};

/**
 * Restores a backup into an empty place. The whole of it is read and held to its seals before anything is written, and what was written
 * is verified before it has a name under which a server could start on it. `PV-SEC-123`
 * @throws {Failure} `invalid` for a backup that cannot be used, `conflict` for a place that is not empty; then nothing is left
 */
export async function restore(file: string, options: RestoreOptions, terminal: Terminal): Promise<void> {
  const { keys } = await readConfig(options.config ?? (await nearestConfig(process.cwd())));
  const secret = await readSecret(file, options, terminal);
  const sha256 = await judged(file, secret);
  // It is finished or taken back: a Ctrl-C between would leave half of it.
  void stopSignal();
  const folder = await makeDataFolder(options.to);
  try {
    if (!folder.isEmpty) throw new Failure('conflict', `${options.to} is not empty`, { fix: 'choose another folder with --to' });
    const manifest = await usable(file, () =>
      unpack(unseal(createReadStream(file), secret), { file: (one, bytes) => write(options.to, one, bytes) }),
    );
    const restored = await verified(manifest, { ...options, sha256, keys });
    terminal.say(`restored to ${options.to}, as of ${restored.created}`);
    if (restored.undone === null)
      terminal.warn(
        `what was revoked, removed or disabled after ${restored.created} is valid again; --compare says what, with the audit of the lost server`,
      );
    await terminal.answer(restored, view);
  } catch (error) {
    await folder.undo();
    throw error;
  }
}

/** Reads the whole backup and writes nothing. @returns its digest @throws {Failure} */
async function judged(file: string, secret: Secret): Promise<string> {
  const hash = createHash('sha256');
  const hashed = async function* () {
    for await (const chunk of createReadStream(file)) {
      hash.update(chunk as Buffer);
      yield chunk as Buffer;
    }
  };
  await usable(file, () => unpack(unseal(hashed(), secret), { begin: assertReadable }));
  return hash.digest('hex');
}

async function usable<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BackupUnusable)) throw error;
    throw new Failure('invalid', `${file} cannot be restored: ${error.message}`, {
      fix: 'nothing was written; take another backup, or another passphrase',
      cause: error,
    });
  }
}

function assertReadable({ schema, readable_by }: Manifest): void {
  if (schema > KNOWN_SCHEMA && (readable_by === 0 || readable_by > KNOWN_SCHEMA))
    throw new BackupUnusable(`its schema, ${schema}, is newer than this version's, ${KNOWN_SCHEMA}: use the newer version`);
}

/** The database has another name until all is verified, and comes first: a start meanwhile is refused by it. */
async function write(to: string, { path }: ArchivedFile, bytes: AsyncIterable<Buffer>): Promise<void> {
  const place = join(to, path === 'portvakt.db' ? `${path}${UNFINISHED}` : path);
  await mkdir(dirname(place), { recursive: true, mode: 0o700 });
  const handle = await open(place, 'wx', 0o600);
  try {
    for await (const chunk of bytes) await handle.writeFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await flush(dirname(place));
}

/** What a restored store is held to. */
type Held = RestoreOptions & { readonly sha256: string; readonly keys: Config['keys'] };

async function verified({ created, sequence }: Manifest, { to, compare, sha256, keys: settings }: Held): Promise<Restored> {
  const database = join(to, 'portvakt.db');
  const unfinished = `${database}${UNFINISHED}`;
  const { flaws } = describeSqlite(unfinished);
  if (flaws.length > 0) throw new Failure('unhealthy', `the database of the backup is damaged: ${flaws.slice(0, 3).join('; ')}`);
  const storage = await openStorage(unfinished);
  let restored: Restored;
  try {
    const records = await verifyAudit(storage);
    const undone = compare === undefined ? null : await findUndone(storage, compare);
    const keys = await verifyKeys({ dataDir: to, keys: settings }, storage);
    const at = Math.floor(Date.now() / 1000);
    // An assertion may have been issued by a clock that is ahead by as much, and used where the backup does not know of it.
    const issuedFrom = at + CLOCK_SKEW;
    const details = { backup_created: created, sha256, sequence, issued_from: issuedFrom, actor: 'host' };
    await storage.transaction(async (changes) => {
      await changes.replayFloor.raise(issuedFrom);
      await changes.audit.append({ type: 'store.restored', at, correlationId: randomBytes(16).toString('hex'), details });
    });
    const times = { created: rfc3339(created), issued_from: rfc3339(issuedFrom) };
    restored = { data_dir: to, ...times, sha256, schema: KNOWN_SCHEMA, records, keys, undone };
  } finally {
    await storage.close();
  }
  await rename(unfinished, database);
  await flush(to);
  return restored;
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
