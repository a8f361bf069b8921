import type { Changes } from '../../core/ports.ts';
import type { System } from '../../core/system-user.ts';
import type { Connection } from './database.ts';

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
      return row && fromRow(row);
    },
    listOf: async (vendor) => listOf.all(vendor).map(fromRow),
    put: async (system) => void put.run(toRow(system)),
  };
}

const SELECT = `
  SELECT system_id AS systemId, vendor_orgno AS vendorOrgno, name, description, client_ids AS clientIds, active, created,
    last_updated AS lastUpdated
  FROM systems`;

type Row = Omit<System, 'description' | 'clientIds' | 'active'> & {
  readonly description: string | null;
  readonly clientIds: string;
  readonly active: number;
};

function toRow(system: System): Row {
  return {
    ...system,
    description: system.description ?? null,
    clientIds: JSON.stringify(system.clientIds),
    active: Number(system.active),
  };
}

function fromRow({ description, ...row }: Row): System {
  return {
    ...row,
    ...(description !== null && { description }),
    clientIds: JSON.parse(row.clientIds) as string[],
    active: row.active === 1,
  };
}
