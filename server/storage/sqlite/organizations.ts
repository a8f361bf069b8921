import type { Changes, Organization } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The register of organisations. */
export function organizations(connection: Connection): Changes['organizations'] {
  const find = connection.statement<[orgno: string], Row>(
    'SELECT orgno, name, active, created, last_updated AS lastUpdated FROM organizations WHERE orgno = ?',
  );
  const list = connection.statement<[], Row>(
    'SELECT orgno, name, active, created, last_updated AS lastUpdated FROM organizations ORDER BY orgno',
  );
  const put = connection.statement<[Row]>(`
    INSERT INTO organizations (orgno, name, active, created, last_updated)
    VALUES (@orgno, @name, @active, @created, @lastUpdated)
    ON CONFLICT (orgno) DO UPDATE SET
      name = excluded.name, active = excluded.active, created = excluded.created, last_updated = excluded.last_updated`);
  return {
    find: async (orgno) => {
      const row = find.get(orgno);
      return row && fromRow(row);
    },
    list: async () => list.all().map(fromRow),
    put: async (organization) => void put.run({ ...organization, active: Number(organization.active) }),
  };
}

type Row = Omit<Organization, 'active'> & { readonly active: number };

function fromRow(row: Row): Organization {
  return { ...row, active: row.active === 1 };
}
