import type { RegisteredKey } from '../../core/client.ts';
import { type ClientKeyRow, toRows } from '../rows/client-key.ts';
import type { Connection } from './database.ts';

/** The keys of the row of `clients` at hand, in the order registered, as `keysFromJson` reads them. */
export const KEYS_OF_CLIENT = `(
  SELECT json_group_array(
    json_object('kid', kid, 'jwk', json(jwk), 'thumbprint', thumbprint, 'alg', alg, 'expires', expires, 'x5c', json(x5c),
      'created', created, 'lastUpdated', last_updated)
    ORDER BY position)
  FROM client_keys WHERE client_id = clients.client_id)`;

/** The keys registered on clients. */
export function clientKeys(connection: Connection) {
  const clear = connection.statement<[clientId: string]>('DELETE FROM client_keys WHERE client_id = ?');
  const add = connection.statement<[ClientKeyRow]>(`
    INSERT INTO client_keys (client_id, position, kid, jwk, thumbprint, alg, expires, x5c, created, last_updated)
    VALUES (@clientId, @position, @kid, @jwk, @thumbprint, @alg, @expires, @x5c, @created, @lastUpdated)`);
  return {
    replace: (clientId: string, keys: readonly RegisteredKey[]): void => {
      clear.run(clientId);
      for (const row of toRows(clientId, keys)) add.run(row);
    },
  };
}
