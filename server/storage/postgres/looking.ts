import { LAST_AUDITED, type StoreReading } from '../store-reading.ts';
import { checkpointKeys } from './checkpoint-keys.ts';
import { CLOCK } from './clock.ts';
import { endings } from './endings.ts';
import { assertFit } from './fitness.ts';
import { keyHolders } from './key-holders.ts';
import { type LocationOptions, readLocation } from './location.ts';
import { organizations } from './organizations.ts';
import { ConnectionPool } from './pool.ts';
import { signingKeys } from './signing-keys.ts';
import { sources } from './sources.ts';
import { trust } from './trust.ts';

/**
 * Looks into a database as the servers' role, and can change nothing in it, while they go on.
 * @throws {StoreUnusable} when it is another version's, or not fit
 * @throws {StoreUnavailable} when it cannot be reached
 */
export async function lookIntoPostgres<T>(
  location: string,
  options: LocationOptions,
  work: (store: StoreReading) => Promise<T>,
): Promise<T> {
  const pool = new ConnectionPool({ ...readLocation(location, options).config, max: 1 }, () => {});
  try {
    await assertFit(pool);
    return await pool.transaction('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY', async (connection) => {
      const last = connection.statement<[], { at: number }>(LAST_AUDITED);
      const clock = connection.statement<[], { now: number }>(`SELECT ${CLOCK} AS now`);
      return work({
        organizations: organizations(connection),
        sources: sources(connection),
        trust: trust(connection),
        signingKeys: signingKeys(connection),
        keyHolders: keyHolders(connection),
        endings: endings(connection),
        checkpointKeys: checkpointKeys(connection),
        lastAudited: (await last.get())?.at,
        clock: async () => (await clock.get())?.now,
      });
    });
  } finally {
    await pool.close();
  }
}
