import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Client, type ClientConfig, escapeIdentifier } from 'pg';
import type { SchemaStatus } from '../schema-status.ts';
import { StoreUnusable } from '../unusable.ts';
import { permitted } from './failures.ts';
import { type LocationOptions, readLocation, SCHEMA } from './location.ts';
import { PATIENTLY } from './long-transaction.ts';
import { privileges } from './privileges.ts';

export type Migration = { readonly number: number; readonly name: string; readonly checksum: string; readonly sql: string };
export type Applied = Omit<Migration, 'sql'>;

/** Beside this file in the sources and in the built package alike. */
const FOLDER = new URL('./migrations/', import.meta.url);

/** A part of the program, read with it: what a store meets later does not hang on the program's own files. */
export const MIGRATIONS: readonly Migration[] = readMigrations();

/** Whoever migrates holds this lock of PostgreSQL's, which belongs to no table: there may be none yet. `Pvkt` */
const LOCK = 0x50766b74;

export type MigrateOptions = LocationOptions & {
  /** The role that the server connects as: it is given what it needs, and nothing else. Absent: the owner's own, for a trial. */
  readonly runtimeRole?: string;
};

/**
 * Brings the schema to this version as its owner: each migration once, in the order of their numbers, each in a transaction with its own
 * record, forward only; then gives the role that the server runs as its privileges. Several may be at it at once. `PV-SEC-121`
 * @returns the names of what was applied
 * @throws {StoreUnusable} when the database is newer than this version, or was migrated by other texts; when the owner may not do it, and
 * when there is no such role to run as, or it is the owner's own
 * @throws {StoreUnavailable} when it cannot be reached
 */
export async function migratePostgres(location: string, { runtimeRole, ...files }: MigrateOptions = {}): Promise<string[]> {
  const { config, user } = readLocation(location, files);
  // What it is given it would take from the owner.
  if (runtimeRole === user) throw new StoreUnusable(`${user} owns the tables: the servers run as another role than the owner`);
  // A migration may take its time, and wait for the transactions of a server that runs.
  const { query_timeout: _, ...patient } = config;
  return connected({ ...patient, lock_timeout: 30_000 }, async (client) => {
    const applied: string[] = [];
    for (let next = await applyNext(client); next; next = await applyNext(client)) applied.push(next);
    if (runtimeRole !== undefined) await give(client, runtimeRole);
    return applied;
  });
}

/** What stands in a database, for whoever may read it: the owner, or the role that the server runs as. @throws as {@link migratePostgres} */
export async function postgresStatus(location: string, options: LocationOptions = {}): Promise<SchemaStatus> {
  return connected(readLocation(location, options).config, async (client) => {
    const applied = await appliedTo(client);
    const pending = MIGRATIONS.slice(assertKnown(applied));
    return { applied: applied.map(({ name }) => name), pending: pending.map(({ name }) => name) };
  });
}

async function connected<T>(config: ClientConfig, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(config);
  // What breaks the connection fails what is asked of it.
  client.on('error', () => {});
  try {
    return await permitted(async () => {
      await client.connect();
      return work(client);
    });
  } finally {
    await client.end().catch(() => {});
  }
}

/** @returns the name of what was applied; undefined when there was nothing left */
async function applyNext(client: Client): Promise<string | undefined> {
  return inTransaction(client, async () => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
    const migration = MIGRATIONS[assertKnown(await appliedTo(client))];
    if (!migration) return undefined;
    await client.query(migration.sql);
    await client.query(
      'INSERT INTO migrations (number, name, checksum, applied) VALUES ($1, $2, $3, extract(epoch FROM now())::bigint)',
      [migration.number, migration.name, migration.checksum],
    );
    return migration.name;
  });
}

async function give(client: Client, role: string): Promise<void> {
  await inTransaction(client, async () => {
    for (const statement of privileges(escapeIdentifier(role))) await client.query(statement);
  });
}

async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query(`BEGIN; ${PATIENTLY}`);
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

/** What has been applied to a database, oldest first; to an empty one nothing. */
export async function appliedTo(client: Client): Promise<readonly Applied[]> {
  const { rows } = await client.query<{ there: string | null }>('SELECT to_regclass($1) AS there', [`${SCHEMA}.migrations`]);
  if (rows[0]?.there == null) return [];
  return (await client.query<Applied>(APPLIED)).rows;
}

/** What has been applied, oldest first. */
export const APPLIED = 'SELECT number, name, checksum FROM migrations ORDER BY number';

/**
 * @returns the number of the last migration applied.
 * @throws {StoreUnusable} when this version does not know it, or knows another text
 */
export function assertKnown(applied: readonly Applied[]): number {
  for (const [place, { number, name, checksum }] of applied.entries()) {
    const known = MIGRATIONS[place];
    if (!known) throw new StoreUnusable(`the database is newer than this version (${name}): start the newer version`);
    if (known.number !== number || known.checksum !== checksum)
      throw new StoreUnusable(`migration ${name} was applied with another text than this version's: restore either`);
  }
  return applied.length;
}

function readMigrations(): readonly Migration[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.sql'));
  return names.sort().map((name, place) => {
    // A checkout may have changed the line ends.
    const sql = readFileSync(new URL(name, FOLDER), 'utf8').replaceAll('\r\n', '\n');
    const number = Number(name.slice(0, 3));
    if (number !== place + 1) throw new Error(`migration ${name} does not follow the one before`);
    return { number, name, checksum: createHash('sha256').update(sql).digest('hex'), sql };
  });
}
