import type { Changes } from '../../core/ports.ts';
import { fromRow, type SystemRow, toRow } from '../rows/system.ts';
import type { Connection } from './database.ts';

/** The register of vendors' systems. */
export function systems(connection: Connection): Changes['systems'] {
  const find = connection.statement<[systemId: string], SystemRow>(`${SELECT} WHERE system_id = $1`);
  const listOf = connection.statement<[vendor: string], SystemRow>(`${SELECT} WHERE vendor_orgno = $1 ORDER BY system_id`);
  const put = connection.statement<[SystemRow]>(`
    INSERT INTO systems (system_id, vendor_orgno, name, description, client_ids, active, created, last_updated)
    VALUES (@systemId, @vendorOrgno, @name, @description, @clientIds, @active, @created, @lastUpdated)
    ON CONFLICT (system_id) DO UPDATE SET
      vendor_orgno = excluded.vendor_orgno, name = excluded.name, description = excluded.description,
      client_ids = excluded.client_ids, active = excluded.active, created = excluded.created, last_updated = excluded.last_updated`);
  return {
    find: async (systemId) => {
      const row = await find.get(systemId);
      return row && fromRow(row);
    },
    listOf: async (vendor) => (await listOf.all(vendor)).map(fromRow),
    put: async (system) => void (await put.run(toRow(system))),
  };
}

const SELECT = `
  SELECT system_id AS "systemId", vendor_orgno AS "vendorOrgno", name, description, client_ids AS "clientIds", active, created,
    last_updated AS "lastUpdated"
  FROM systems`;
