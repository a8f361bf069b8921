import type { Changes, Prefix } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The register of scope prefixes and who owns them. */
export function prefixes(connection: Connection): Changes['prefixes'] {
  const find = connection.statement<[prefix: string], Prefix>(`${SELECT} WHERE prefix = $1`);
  const list = connection.statement<[], Prefix>(`${SELECT} ORDER BY prefix`);
  const put = connection.statement<[Prefix]>(`
    INSERT INTO prefixes (prefix, owner_orgno, active, created, last_updated)
    VALUES (@prefix, @ownerOrgno, @active, @created, @lastUpdated)
    ON CONFLICT (prefix) DO UPDATE SET
      owner_orgno = excluded.owner_orgno, active = excluded.active, created = excluded.created,
      last_updated = excluded.last_updated`);
  return {
    find: (prefix) => find.get(prefix),
    list: () => list.all(),
    put: async (prefix) => void (await put.run(prefix)),
  };
}

const SELECT = 'SELECT prefix, owner_orgno AS "ownerOrgno", active, created, last_updated AS "lastUpdated" FROM prefixes';
