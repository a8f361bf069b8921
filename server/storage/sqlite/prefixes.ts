import type { Changes, Prefix } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The register of scope prefixes and who owns them. */
export function prefixes(connection: Connection): Changes['prefixes'] {
  const find = connection.statement<[prefix: string], Row>(`${SELECT} WHERE prefix = ?`);
  const list = connection.statement<[], Row>(`${SELECT} ORDER BY prefix`);
  const put = connection.statement<[Row]>(`
    INSERT INTO prefixes (prefix, owner_orgno, active, created, last_updated)
    VALUES (@prefix, @ownerOrgno, @active, @created, @lastUpdated)
    ON CONFLICT (prefix) DO UPDATE SET
      owner_orgno = excluded.owner_orgno, active = excluded.active, created = excluded.created,
      last_updated = excluded.last_updated`);
  return {
    find: async (prefix) => {
      const row = find.get(prefix);
      return row && fromRow(row);
    },
    list: async () => list.all().map(fromRow),
    put: async (prefix) => void put.run({ ...prefix, active: Number(prefix.active) }),
  };
}

const SELECT = 'SELECT prefix, owner_orgno AS ownerOrgno, active, created, last_updated AS lastUpdated FROM prefixes';

type Row = Omit<Prefix, 'active'> & { readonly active: number };

function fromRow(row: Row): Prefix {
  return { ...row, active: row.active === 1 };
}
