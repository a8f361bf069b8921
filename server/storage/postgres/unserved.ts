import { Client } from 'pg';
import { StoreUnusable } from '../unusable.ts';
import type { Connection } from './database.ts';
import { permitted } from './failures.ts';
import { type LocationOptions, readLocation } from './location.ts';

/** The database, in a server that has started once. */
const HERE = `
  SELECT concat(oid, '@', extract(epoch FROM pg_postmaster_start_time())) AS here FROM pg_database WHERE datname = current_database()`;

/** Everybody may know who is connected. A pooler between may hide it. */
const OTHERS = `
  SELECT count(*)::int AS others FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'portvakt' AND pid <> pg_backend_pid()`;

/**
 * Sees that no server is connected to the database, and that it is the one that servers will find.
 * @param connection the owner's.
 * @throws {StoreUnusable | StoreUnavailable}
 */
export async function assertUnserved(connection: Connection, location: string, options: LocationOptions): Promise<void> {
  await assertAlone(connection);
  const { here } = (await connection.statement<[], { here: string }>(HERE).get()) ?? {};
  const client = new Client(readLocation(location, options).config);
  client.on('error', () => {});
  try {
    const { rows } = await permitted(async () => {
      await client.connect();
      return client.query<{ here: string }>(HERE);
    });
    if (rows[0]?.here !== here)
      throw new StoreUnusable("the owner's URL leads to another database than the one that the configuration names");
  } finally {
    await client.end().catch(() => {});
  }
}

/** Sees that no server is connected to the database. @throws {StoreUnusable | StoreUnavailable} */
export async function assertAlone(connection: Connection): Promise<void> {
  const { others = 0 } = (await connection.statement<[], { others: number }>(OTHERS).get()) ?? {};
  if (others > 0) throw new StoreUnusable('a server is connected to the database: stop it first');
}
