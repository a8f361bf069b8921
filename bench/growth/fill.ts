import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';
import { isNorwegianNumber } from '../../server/core/organization.ts';
import { YEAR } from '../../server/core/time.ts';
import type { Growth } from '../arguments.ts';
import { KeyPool } from './key-pool.ts';

/** A store with many clients, each of an organisation and a key of its own, and many accesses. */
export type FilledStore = Growth & {
  readonly keys: KeyPool;
  /** What every client is registered for. */
  readonly scope: string;
};

/** Accesses that each scope gives: every client's organisation has one in each scope. */
const scopesFor = ({ clients, grants }: Growth): number => Math.max(1, Math.ceil(grants / clients));

/** Rows in a transaction. */
const BATCH = 100_000;

/**
 * Fills the store of a data directory, past the ports and with their schema: through them it would take hours. What has no column
 * here has the schema's default.
 * @param database made by this version, with the made-up world, and in nobody else's use. @param tell hears of the progress.
 */
export async function fillStore(database: string, growth: Growth, tell: (line: string) => void): Promise<FilledStore> {
  tell(`filling a store with ${growth.clients} clients and ${growth.grants} accesses`);
  const keys = await KeyPool.make(growth.clients);
  const connection = new Database(database, { fileMustExist: true });
  try {
    // The file is nobody's yet: what a power cut would spoil is made anew.
    connection.pragma('synchronous = OFF');
    connection.pragma('cache_size = -500000');
    const scopes = addScopes(connection, scopesFor(growth));
    addClients(connection, { ...growth, keys, scope: scopes[0] ?? '' });
    addAccesses(connection, scopes, growth);
    connection.pragma('wal_checkpoint(TRUNCATE)');
    return { ...growth, keys, scope: scopes[0] ?? '' };
  } finally {
    connection.close();
  }
}

/** Name of the client with this number: as scattered as UUIDs are, and the same each time. */
export function clientId(number: number): string {
  const hex = createHash('sha256').update(`client ${number}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

/** Scopes like one of the made-up world that needs an access. */
function addScopes(connection: Database.Database, count: number): string[] {
  const names = Array.from({ length: count }, (_, n) => `prove:bench${n}.read`);
  const add = connection.prepare<{ name: string; subscope: string }>(`
    INSERT INTO scopes (name, prefix, subscope, owner_orgno, active, accessible_for_all, allowed_integration_types, at_max_age,
      delegation_source, enforced_audience, details, created, last_updated)
    SELECT @name, prefix, @subscope, owner_orgno, active, accessible_for_all, allowed_integration_types, at_max_age,
      delegation_source, enforced_audience, details, created, last_updated
    FROM scopes WHERE name = 'prove:bygg.read'`);
  for (const name of names) add.run({ name, subscope: name.slice('prove:'.length) });
  return names;
}

function addClients(connection: Database.Database, { clients, keys, scope }: FilledStore): void {
  const now = Math.floor(Date.now() / 1000);
  const addOrganization = connection.prepare<[string, string, number, number]>(
    'INSERT INTO organizations (orgno, name, active, created, last_updated) VALUES (?, ?, 1, ?, ?)',
  );
  const addClient = connection.prepare<[string, string, string, number, number]>(`
    INSERT INTO clients (client_id, name, orgno, active, integration_type, access_token_lifetime, details, created, last_updated)
    VALUES (?, ?, ?, 1, 'maskinporten', 0, '{}', ?, ?)`);
  const addScope = connection.prepare<[string, string]>(
    'INSERT INTO client_scopes (client_id, position, scope) VALUES (?, 0, ?)',
  );
  const addKey = connection.prepare<[string, string, string, number, number, number]>(`
    INSERT INTO client_keys (client_id, position, kid, jwk, thumbprint, expires, created, last_updated)
    VALUES (?, 0, 'key', ?, ?, ?, ?, ?)`);
  const numbers = organizationNumbers();
  inBatches(connection, clients, (number) => {
    const orgno = numbers.next().value;
    const id = clientId(number);
    const { jwk, thumbprint } = keys.publicKey(number);
    addOrganization.run(orgno, orgno, now, now);
    addClient.run(id, `Client ${number}`, orgno, now, now);
    addScope.run(id, scope);
    addKey.run(id, JSON.stringify(jwk), thumbprint, now + YEAR, now, now);
  });
}

/** In the order of their key, which is quickest. */
function addAccesses(connection: Database.Database, scopes: readonly string[], { clients, grants }: Growth): void {
  const now = Math.floor(Date.now() / 1000);
  const add = connection.prepare<[string, string, number, number]>(
    "INSERT INTO accesses (scope, consumer_orgno, state, created, last_updated) VALUES (?, ?, 'APPROVED', ?, ?)",
  );
  let numbers = organizationNumbers();
  inBatches(connection, grants, (number) => {
    if (number % clients === 0) numbers = organizationNumbers();
    add.run(scopes[Math.floor(number / clients)] ?? '', numbers.next().value, now, now);
  });
}

function inBatches(connection: Database.Database, count: number, add: (number: number) => void): void {
  const batch = connection.transaction((from: number) => {
    for (let number = from; number < Math.min(from + BATCH, count); number++) add(number);
  });
  for (let from = 0; from < count; from += BATCH) batch(from);
}

/** Valid ones, in their order; none of the made-up world is among them. */
function* organizationNumbers(): Generator<string, never> {
  for (let number = 800_000_000; ; number++) if (isNorwegianNumber(`${number}`)) yield `${number}`;
}
