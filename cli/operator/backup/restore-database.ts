import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoreSettings } from '../../../server/config.ts';
import { openStorage } from '../../../server/storage/open.ts';
import {
  arePositions,
  COPIED_TABLES,
  type DatabaseFilling,
  fillDatabase,
  KNOWN_SCHEMA,
  type Positions,
  UNFINISHED,
} from '../../../server/storage/upkeep.ts';
import { Failure } from '../../failure.ts';
import { parseJson } from '../../json.ts';
import { linesIn } from '../../line-feeds.ts';
import { type ArchivedFile, DATABASE_FILE, type Manifest, POSITIONS, placeOfRows, tableAt, unpack } from './archive.ts';
import { type Restored, type RestoreOrder, restoreDetails, restoreMoment, told, usable } from './restored.ts';
import { writeRestored } from './restored-file.ts';
import { findUndone } from './revived.ts';
import { BackupUnusable, unseal } from './sealed-stream.ts';
import { oneChunk } from './store-contents.ts';
import { verifyAudit, verifyKeys } from './verify-restored.ts';
import { flush } from './write-backup.ts';

/** The database that is restored to. */
export type DatabaseOrder = RestoreOrder & {
  readonly store: StoreSettings;
  /** URL of its owner, with the password. */
  readonly owner: string;
};

/**
 * Restores a PostgreSQL store into an empty database, as its owner, and what lay beside it into an empty folder. All rows go in in one
 * transaction, which is committed once every table has been read back with the digest that the backup has for it, the audit holds, the
 * keys can be opened and the replay floor stands. `PV-SEC-036`, `PV-SEC-123`
 * @throws {Failure | StoreUnusable | StoreUnavailable} and leaves the database as it was
 */
export async function restoreDatabase(order: DatabaseOrder): Promise<Restored> {
  const { to, owner, store } = order;
  const { location, ...options } = store;
  // A start meanwhile is refused by it.
  const mark = `${DATABASE_FILE}${UNFINISHED}`;
  await writeRestored(to, mark, oneChunk(Buffer.alloc(0)));
  const restored = await fillDatabase({ owner, caFile: store.caFile, location, options }, async (filling) => {
    // What the servers could not use is not restored.
    await (await openStorage(location, options)).close();
    return verified(filling, await put(filling, order), order);
  });
  await rm(join(to, mark));
  await flush(to);
  return restored;
}

/** Sees that the backup has the tables of this version, and no others. @throws {BackupUnusable} */
export function assertOfThisVersion({ schema, program, files }: Manifest): void {
  if (schema < KNOWN_SCHEMA)
    throw new BackupUnusable(
      `its schema, ${schema}, is older than this version's, ${KNOWN_SCHEMA}: restore it with Portvakt ${program}, then run portvakt db migrate`,
    );
  const tables = new Set(files.map(({ path }) => tableAt(path)).filter((table) => table !== undefined));
  const strange = [...tables].find((table) => !Object.hasOwn(COPIED_TABLES, table));
  if (strange !== undefined) throw new BackupUnusable(`it has a table that this version does not know: ${strange}`);
  const missing = Object.keys(COPIED_TABLES).find((table) => !tables.has(table));
  if (missing !== undefined || !files.some(({ path }) => path === POSITIONS))
    throw new BackupUnusable(`it lacks ${missing === undefined ? POSITIONS : placeOfRows(missing)}`);
}

async function put(filling: DatabaseFilling, { file, secret, to }: DatabaseOrder): Promise<Manifest> {
  let positions: Positions | undefined;
  const take = async (one: ArchivedFile, bytes: AsyncIterable<Buffer>): Promise<void> => {
    const table = tableAt(one.path);
    if (table !== undefined) await putTable(filling, table, one, bytes);
    else if (one.path === POSITIONS) positions = await readPositions(bytes);
    else await writeRestored(to, one.path, bytes);
  };
  const manifest = await usable(file, () =>
    unpack(unseal(createReadStream(file), secret), { begin: assertOfThisVersion, file: take }),
  );
  // Behind all rows: how far the audit has been taken out is held to its checkpoints.
  if (positions) await filling.place(unknownBefore(positions));
  return manifest;
}

/** Servers that went on with the lost database know none of the versions behind these: where one still runs it reads all anew. */
function unknownBefore(positions: Positions): Positions {
  const { version, trustVersion } = positions;
  return { ...positions, version: version + UNKNOWN, trustVersion: trustVersion + UNKNOWN };
}

/** More changes than the lost database has seen after the backup. */
const UNKNOWN = 1_000_000;

async function putTable(
  filling: DatabaseFilling,
  table: string,
  { path, sha256 }: ArchivedFile,
  bytes: AsyncIterable<Buffer>,
): Promise<void> {
  const { digest } = await filling.put(
    table,
    linesIn(bytes, (why) => new BackupUnusable(`${path}: ${why}`)),
  );
  if (digest !== sha256)
    throw new Failure('unhealthy', `the table ${table} came back otherwise than the backup has it: nothing was restored`);
}

async function readPositions(bytes: AsyncIterable<Buffer>): Promise<Positions> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  const positions = parseJson(Buffer.concat(chunks).toString());
  if (!arePositions(positions)) throw new BackupUnusable(`${POSITIONS} cannot be read`);
  return positions;
}

async function verified(filling: DatabaseFilling, manifest: Manifest, order: DatabaseOrder): Promise<Restored> {
  const { to: dataDir, compare, keys: settings } = order;
  const records = await verifyAudit(filling);
  const undone = compare === undefined ? null : await findUndone(filling, compare);
  const keys = await verifyKeys({ dataDir, keys: settings }, filling);
  const moment = restoreMoment();
  const { at, issuedFrom } = moment;
  const details = restoreDetails(manifest, order, moment);
  await filling.conclude(issuedFrom, { type: 'store.restored', at, correlationId: randomBytes(16).toString('hex'), details });
  return told(manifest, order, { records, keys, undone, issuedFrom });
}
