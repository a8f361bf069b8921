import type { RegisteredKey } from '../../core/client.ts';
import { type ClientKeyRow, toRows } from '../rows/client-key.ts';
import type { Connection } from './database.ts';

/** The keys of the row of `clients` at hand, in the order registered, as `keysFromJson` reads them. */
export const KEYS_OF_CLIENT = `(
  SELECT COALESCE(
    json_agg(
      json_build_object('kid', kid, 'jwk', jwk::json, 'thumbprint', thumbprint, 'alg', alg, 'expires', expires, 'x5c', x5c::json,
        'created', created, 'lastUpdated', last_updated)
      ORDER BY position),
    '[]')::text
  FROM client_keys WHERE client_id = clients.client_id)`;

/** The keys registered on clients. */
export function clientKeys(connection: Connection) {
  const clear = connection.statement<[clientId: string]>('DELETE FROM client_keys WHERE client_id = $1');
  const add = connection.statement<[ClientKeyRow]>(`
    INSERT INTO client_keys (client_id, position, kid, jwk, thumbprint, alg, expires, x5c, created, last_updated)
    VALUES (@clientId, @position, @kid, @jwk, @thumbprint, @alg, @expires, @x5c, @created, @lastUpdated)`);
  return {
    replace: async (clientId: string, keys: readonly RegisteredKey[]): Promise<void> => {
      await clear.run(clientId);
      for (const row of toRows(clientId, keys)) await add.run(row);
    },
  };
}
