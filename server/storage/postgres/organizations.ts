import type { Changes, Organization } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The register of organisations. */
export function organizations(connection: Connection): Changes['organizations'] {
  const find = connection.statement<[orgno: string], Row>(`${SELECT} WHERE orgno = $1`);
  const list = connection.statement<[], Row>(`${SELECT} ORDER BY orgno`);
  const put = connection.statement<[Row]>(`
    INSERT INTO organizations (orgno, name, active, admin_scopes, created, last_updated)
    VALUES (@orgno, @name, @active, @adminScopes, @created, @lastUpdated)
    ON CONFLICT (orgno) DO UPDATE SET
      name = excluded.name, active = excluded.active, admin_scopes = excluded.admin_scopes, created = excluded.created,
      last_updated = excluded.last_updated`);
  return {
    find: async (orgno) => {
      const row = await find.get(orgno);
      return row && fromRow(row);
    },
    list: async () => (await list.all()).map(fromRow),
    put: async (organization) => void (await put.run({ ...organization, adminScopes: JSON.stringify(organization.adminScopes) })),
  };
}

const SELECT =
  'SELECT orgno, name, active, admin_scopes AS "adminScopes", created, last_updated AS "lastUpdated" FROM organizations';

type Row = Omit<Organization, 'adminScopes'> & { readonly adminScopes: string };

function fromRow(row: Row): Organization {
  return { ...row, adminScopes: JSON.parse(row.adminScopes) as string[] };
}
