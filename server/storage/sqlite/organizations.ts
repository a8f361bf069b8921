import type { Changes, Organization } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The register of organisations. */
export function organizations(connection: Connection): Changes['organizations'] {
  const find = connection.statement<[orgno: string], Row>(`${SELECT} WHERE orgno = ?`);
  const list = connection.statement<[], Row>(`${SELECT} ORDER BY orgno`);
  const put = connection.statement<[Row]>(`
    INSERT INTO organizations (orgno, name, active, admin_scopes, created, last_updated)
    VALUES (@orgno, @name, @active, @adminScopes, @created, @lastUpdated)
    ON CONFLICT (orgno) DO UPDATE SET
      name = excluded.name, active = excluded.active, admin_scopes = excluded.admin_scopes, created = excluded.created,
      last_updated = excluded.last_updated`);
  return {
    find: async (orgno) => {
      const row = find.get(orgno);
      return row && fromRow(row);
    },
    list: async () => list.all().map(fromRow),
    put: async (organization) => void put.run(toRow(organization)),
  };
}

const SELECT = 'SELECT orgno, name, active, admin_scopes AS adminScopes, created, last_updated AS lastUpdated FROM organizations';

type Row = Omit<Organization, 'active' | 'adminScopes'> & { readonly active: number; readonly adminScopes: string };

function toRow(organization: Organization): Row {
  return { ...organization, active: Number(organization.active), adminScopes: JSON.stringify(organization.adminScopes) };
}

function fromRow(row: Row): Organization {
  return { ...row, active: row.active === 1, adminScopes: JSON.parse(row.adminScopes) as string[] };
}
