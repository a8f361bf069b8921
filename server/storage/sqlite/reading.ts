import type { CheckpointKey } from '../../core/audit.ts';
import type { Storage } from '../../core/ports.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { checkpointKeys } from './checkpoint-keys.ts';
import { Connection } from './database.ts';
import { endings } from './endings.ts';
import { heldKeys } from './key-holders.ts';
import { pendingOn } from './migrate.ts';
import { organizations } from './organizations.ts';
import { signingKeys } from './signing-keys.ts';
import { sources } from './sources.ts';
import { trust } from './trust.ts';

/** What is told of a store to who only looks. */
export type StoreReading = {
  readonly organizations: Pick<Storage['organizations'], 'list'>;
  readonly sources: Pick<Storage['sources'], 'list'>;
  readonly trust: Pick<Storage['trust'], 'list'>;
  readonly signingKeys: Pick<Storage['signingKeys'], 'list'>;
  readonly keyHolders: Pick<Storage['keyHolders'], 'list'>;
  readonly endings: Storage['endings'];
  readonly checkpointKeys: { list(): Promise<readonly CheckpointKey[]> };
  /** When the last record of the audit was written; undefined: it has none. */
  readonly lastAudited: EpochSeconds | undefined;
};

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
      lastAudited: connection.statement<[], { at: number }>('SELECT at FROM audit ORDER BY sequence DESC LIMIT 1').get()?.at,
    });
  } finally {
    connection.close();
  }
}
