import type { Changes } from '../../core/ports.ts';
import type { System } from '../../core/system-user.ts';
import { fromRow, type SystemRow, toRow } from '../rows/system.ts';
import type { Connection } from './database.ts';
import type { Numbered } from './truth.ts';

/** The register of vendors' systems. */
export function systems(connection: Connection): Changes['systems'] {
  const find = connection.statement<[systemId: string], Row>(`${SELECT} WHERE system_id = ?`);
  const listOf = connection.statement<[vendor: string], Row>(`${SELECT} WHERE vendor_orgno = ? ORDER BY system_id`);
  const put = connection.statement<[Row]>(`
    INSERT INTO systems (system_id, vendor_orgno, name, description, client_ids, active, created, last_updated)
    VALUES (@systemId, @vendorOrgno, @name, @description, @clientIds, @active, @created, @lastUpdated)
    ON CONFLICT (system_id) DO UPDATE SET
      vendor_orgno = excluded.vendor_orgno, name = excluded.name, description = excluded.description,
      client_ids = excluded.client_ids, active = excluded.active, created = excluded.created, last_updated = excluded.last_updated`);
  return {
    find: async (systemId) => {
      const row = find.get(systemId);
      return row && toSystem(row);
    },
    listOf: async (vendor) => listOf.all(vendor).map(toSystem),
    put: async (system) => void put.run({ ...toRow(system), active: Number(system.active) }),
  };
}

const SELECT = `
  SELECT system_id AS systemId, vendor_orgno AS vendorOrgno, name, description, client_ids AS clientIds, active, created,
    last_updated AS lastUpdated
  FROM systems`;

type Row = Numbered<SystemRow, 'active'>;

function toSystem(row: Row): System {
  return fromRow({ ...row, active: row.active === 1 });
}
