import { Client } from 'pg';
import { asked } from './failures.ts';
import { type LocationOptions, readLocation } from './location.ts';

/**
 * Runs work in one transaction on a connection of its own, and commits unless it throws. A large table takes its time, so nothing is given
 * up for being long; for a lock it waits as others do.
 * @throws {StoreUnavailable} when the database cannot be reached
 */
export async function inLongTransaction<T>(
  location: string,
  options: LocationOptions,
  begin: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { query_timeout: _, ...patient } = readLocation(location, options).config;
  const client = new Client(patient);
  // What breaks the connection fails what is asked of it.
  client.on('error', () => {});
  try {
    await asked(() => client.connect());
    await asked(() => client.query(`${begin}; ${PATIENTLY}`));
    const result = await work(client);
    await asked(() => client.query('COMMIT'));
    return result;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Has nothing in a transaction given up for being long, also where the database's own settings say otherwise. */
export const PATIENTLY = 'SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0';
