import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { openStorage } from '../../../server/storage/open.ts';
import { describeSqlite, KNOWN_SCHEMA, UNFINISHED } from '../../../server/storage/upkeep.ts';
import { Failure } from '../../failure.ts';
import { DATABASE_FILE, type Manifest, unpack } from './archive.ts';
import { type Restored, type RestoreOrder, restoreDetails, restoreMoment, told, usable } from './restored.ts';
import { writeRestored } from './restored-file.ts';
import { findUndone } from './revived.ts';
import { unseal } from './sealed-stream.ts';
import { verifyAudit, verifyKeys } from './verify-restored.ts';
import { flush } from './write-backup.ts';

/** Restores a store in a file and all that lies beside it into an empty folder. @throws {Failure | StoreUnusable | StoreUnavailable} */
export async function restoreFile(order: RestoreOrder): Promise<Restored> {
  const { file, secret, to } = order;
  // The database has another name until all is verified, and comes first: a start meanwhile is refused by it.
  const nameOf = (path: string): string => (path === DATABASE_FILE ? `${path}${UNFINISHED}` : path);
  const manifest = await usable(file, () =>
    unpack(unseal(createReadStream(file), secret), { file: ({ path }, bytes) => writeRestored(to, nameOf(path), bytes) }),
  );
  const restored = await verified(manifest, order);
  const database = join(to, DATABASE_FILE);
  await rename(`${database}${UNFINISHED}`, database);
  await flush(to);
  return restored;
}

async function verified(manifest: Manifest, order: RestoreOrder): Promise<Restored> {
  const { to: dataDir, compare, keys: settings } = order;
  const unfinished = join(dataDir, `${DATABASE_FILE}${UNFINISHED}`);
  const { flaws } = describeSqlite(unfinished);
  if (flaws.length > 0) throw new Failure('unhealthy', `the database of the backup is damaged: ${flaws.slice(0, 3).join('; ')}`);
  const storage = await openStorage(unfinished);
  try {
    const records = await verifyAudit(storage);
    const undone = compare === undefined ? null : await findUndone(storage, compare);
    const keys = await verifyKeys({ dataDir, keys: settings }, storage);
    const moment = restoreMoment();
    const { at, issuedFrom } = moment;
    const details = restoreDetails(manifest, order, moment);
    await storage.transaction(async (changes) => {
      await changes.replayFloor.raise(issuedFrom);
      await changes.audit.append({ type: 'store.restored', at, correlationId: randomBytes(16).toString('hex'), details });
    });
    return told({ ...manifest, schema: KNOWN_SCHEMA }, order, { records, keys, undone, issuedFrom });
  } finally {
    await storage.close();
  }
}
