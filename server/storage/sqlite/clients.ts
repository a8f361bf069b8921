import type { Client } from '../../core/client.ts';
import type { Changes } from '../../core/ports.ts';
import { type ClientRow, fromRow, toRow, type WholeClientRow } from '../rows/client.ts';
import { clientKeys, KEYS_OF_CLIENT } from './client-keys.ts';
import type { Connection } from './database.ts';
import type { Numbered } from './truth.ts';

/** The register of clients, each with its keys and scopes: read as a whole in one statement, replaced as a whole. */
export function clients(connection: Connection): Changes['clients'] {
  const find = connection.statement<[clientId: string], WholeRow>(`${SELECT} WHERE client_id = ?`);
  const list = connection.statement<[], WholeRow>(`${SELECT} ORDER BY client_id`);
  const listOf = connection.statement<[{ organization: string }], WholeRow>(
    `${SELECT} WHERE orgno = @organization OR supplier_orgno = @organization ORDER BY client_id`,
  );
  const put = connection.statement<[Numbered<ClientRow, 'active'>]>(`
    INSERT INTO clients (client_id, name, orgno, supplier_orgno, active, blocked, integration_type, access_token_lifetime,
      details, created, last_updated)
    VALUES (@clientId, @name, @orgno, @supplierOrgno, @active, @blocked, @integrationType, @accessTokenLifetime,
      @details, @created, @lastUpdated)
    ON CONFLICT (client_id) DO UPDATE SET
      name = excluded.name, orgno = excluded.orgno, supplier_orgno = excluded.supplier_orgno, active = excluded.active,
      blocked = excluded.blocked, integration_type = excluded.integration_type,
      access_token_lifetime = excluded.access_token_lifetime, details = excluded.details, created = excluded.created,
      last_updated = excluded.last_updated`);
  const keys = clientKeys(connection);
  const scopes = clientScopes(connection);
  return {
    find: async (clientId) => {
      const row = find.get(clientId);
      return row && toClient(row);
    },
    list: async () => list.all().map(toClient),
    listOf: async (organization) => listOf.all({ organization }).map(toClient),
    put: async (client) => {
      put.run({ ...toRow(client), active: Number(client.active) });
      keys.replace(client.clientId, client.keys);
      scopes.replace(client.clientId, client.scopes);
    },
  };
}

/** Keys and scopes come as JSON in the same statement: half the cost of a statement each, and never of two moments. */
const SELECT = `
  SELECT client_id AS clientId, name, orgno, supplier_orgno AS supplierOrgno, active, blocked,
    integration_type AS integrationType, access_token_lifetime AS accessTokenLifetime, details, created,
    last_updated AS lastUpdated, ${KEYS_OF_CLIENT} AS keys,
    (SELECT json_group_array(scope ORDER BY position) FROM client_scopes WHERE client_id = clients.client_id) AS scopes
  FROM clients`;

type WholeRow = Numbered<WholeClientRow, 'active'>;

function toClient(row: WholeRow): Client {
  return fromRow({ ...row, active: row.active === 1 });
}

function clientScopes(connection: Connection) {
  const clear = connection.statement<[clientId: string]>('DELETE FROM client_scopes WHERE client_id = ?');
  const add = connection.statement<[clientId: string, position: number, scope: string]>(
    'INSERT INTO client_scopes (client_id, position, scope) VALUES (?, ?, ?)',
  );
  return {
    replace: (clientId: string, scopes: readonly string[]): void => {
      clear.run(clientId);
      for (const [position, scope] of scopes.entries()) add.run(clientId, position, scope);
    },
  };
}
