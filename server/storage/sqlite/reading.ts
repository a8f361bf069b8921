import { LAST_AUDITED, type StoreReading } from '../store-reading.ts';
import { checkpointKeys } from './checkpoint-keys.ts';
import { Connection } from './database.ts';
import { endings } from './endings.ts';
import { heldKeys } from './key-holders.ts';
import { pendingOn } from './migrate.ts';
import { organizations } from './organizations.ts';
import { signingKeys } from './signing-keys.ts';
import { sources } from './sources.ts';
import { trust } from './trust.ts';

/** How long a lock is waited for, in milliseconds. */
const WAIT = 5_000;

/**
 * Reads a store, and can change nothing in it, while others use it. Where nobody else has it open, reading leaves an empty log and its
 * index beside it, as every reading of SQLite's does.
 * @returns undefined for one of an older schema, which is not brought to this version's
 * @throws {StoreUnusable | StoreUnavailable}
 */
export async function readSqlite<T>(path: string, work: (store: StoreReading) => Promise<T>): Promise<T | undefined> {
  const connection = Connection.open(path, { readonly: true, busyTimeout: WAIT });
  try {
    if (pendingOn(connection).length > 0) return undefined;
    return await work({
      organizations: organizations(connection),
      sources: sources(connection),
      trust: trust(connection),
      signingKeys: signingKeys(connection),
      keyHolders: { list: heldKeys(connection) },
      endings: endings(connection),
      checkpointKeys: checkpointKeys(connection),
      lastAudited: connection.statement<[], { at: number }>(LAST_AUDITED).get()?.at,
      clock: async () => undefined,
    });
  } finally {
    connection.close();
  }
}
