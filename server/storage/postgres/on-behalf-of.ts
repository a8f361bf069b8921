import type { Changes, OnBehalfOf } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The register of customers beneath a client. Contract §5.4 */
export function onBehalfOf(connection: Connection): Changes['onBehalfOf'] {
  const find = connection.statement<[clientId: string, id: string], Row>(`${SELECT} WHERE client_id = $1 AND id = $2`);
  const listOf = connection.statement<[clientId: string], Row>(`${SELECT} WHERE client_id = $1 ORDER BY id`);
  const put = connection.statement<[Row]>(`
    INSERT INTO on_behalf_of (client_id, id, orgno, name, details, created, last_updated)
    VALUES (@clientId, @id, @orgno, @name, @details, @created, @lastUpdated)
    ON CONFLICT (client_id, id) DO UPDATE SET
      orgno = excluded.orgno, name = excluded.name, details = excluded.details, created = excluded.created,
      last_updated = excluded.last_updated`);
  const remove = connection.statement<[clientId: string, id: string]>(
    'DELETE FROM on_behalf_of WHERE client_id = $1 AND id = $2',
  );
  return {
    find: async (clientId, id) => {
      const row = await find.get(clientId, id);
      return row && fromRow(row);
    },
    listOf: async (clientId) => (await listOf.all(clientId)).map(fromRow),
    put: async (registration) => void (await put.run({ ...registration, details: JSON.stringify(registration.details) })),
    remove: async (clientId, id) => void (await remove.run(clientId, id)),
  };
}

const SELECT = `
  SELECT client_id AS "clientId", id, orgno, name, details, created, last_updated AS "lastUpdated"
  FROM on_behalf_of`;

type Row = Omit<OnBehalfOf, 'details'> & { readonly details: string };

function fromRow(row: Row): OnBehalfOf {
  return { ...row, details: JSON.parse(row.details) as OnBehalfOf['details'] };
}
