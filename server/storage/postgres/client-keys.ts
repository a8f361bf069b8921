import type { RegisteredKey } from '../../core/client.ts';
import type { Connection } from './database.ts';

/** The keys of the row of `clients` at hand, in the order registered, for {@link keysFromJson}. */
export const KEYS_OF_CLIENT = `(
  SELECT COALESCE(
    json_agg(
      json_build_object('kid', kid, 'jwk', jwk::json, 'thumbprint', thumbprint, 'alg', alg, 'expires', expires, 'x5c', x5c::json,
        'created', created, 'lastUpdated', last_updated)
      ORDER BY position),
    '[]')::text
  FROM client_keys WHERE client_id = clients.client_id)`;

/** Reads what {@link KEYS_OF_CLIENT} gave. */
export function keysFromJson(json: string): RegisteredKey[] {
  return (JSON.parse(json) as ReadKey[]).map(({ alg, x5c, ...key }) => ({
    ...key,
    ...(alg !== null && { alg }),
    ...(x5c !== null && { x5c }),
  }));
}

/** The keys registered on clients. */
export function clientKeys(connection: Connection) {
  const clear = connection.statement<[clientId: string]>('DELETE FROM client_keys WHERE client_id = $1');
  const add = connection.statement<[Row]>(`
    INSERT INTO client_keys (client_id, position, kid, jwk, thumbprint, alg, expires, x5c, created, last_updated)
    VALUES (@clientId, @position, @kid, @jwk, @thumbprint, @alg, @expires, @x5c, @created, @lastUpdated)`);
  return {
    replace: async (clientId: string, keys: readonly RegisteredKey[]): Promise<void> => {
      await clear.run(clientId);
      for (const [position, key] of keys.entries()) await add.run({ ...toColumns(key), clientId, position });
    },
  };
}

type ReadKey = Omit<RegisteredKey, 'alg' | 'x5c'> & {
  readonly alg: string | null;
  readonly x5c: readonly string[] | null;
};

type Columns = Omit<RegisteredKey, 'jwk' | 'alg' | 'x5c'> & {
  readonly jwk: string;
  readonly alg: string | null;
  readonly x5c: string | null;
};
type Row = Columns & { readonly clientId: string; readonly position: number };

function toColumns(key: RegisteredKey): Columns {
  return {
    ...key,
    jwk: JSON.stringify(key.jwk),
    alg: key.alg ?? null,
    x5c: key.x5c === undefined ? null : JSON.stringify(key.x5c),
  };
}
