import type { AccessFilter, Changes } from '../../core/ports.ts';
import { conditionsFor } from '../conditions.ts';
import { type AccessRow, fromRow, toRow } from '../rows/access.ts';
import type { Connection } from './database.ts';

/** The register of who has been let in on which scope. */
export function accesses(connection: Connection): Changes['accesses'] {
  const find = connection.statement<[scope: string, consumer: string], AccessRow>(
    `${SELECT} WHERE scope = $1 AND consumer_orgno = $2`,
  );
  const put = connection.statement<[AccessRow]>(`
    INSERT INTO accesses (scope, consumer_orgno, state, reason, requested_by, created, last_updated)
    VALUES (@scope, @consumerOrgno, @state, @reason, @requestedBy, @created, @lastUpdated)
    ON CONFLICT (scope, consumer_orgno) DO UPDATE SET
      state = excluded.state, reason = excluded.reason, requested_by = excluded.requested_by, created = excluded.created,
      last_updated = excluded.last_updated`);
  return {
    find: async (scope, consumer) => {
      const row = await find.get(scope, consumer);
      return row && fromRow(row);
    },
    list: async (filter) => {
      const found = connection.statement<[AccessFilter], AccessRow>(
        `${SELECT} WHERE ${conditions(filter)} ORDER BY scope, consumer_orgno`,
      );
      return (await found.all(filter)).map(fromRow);
    },
    put: async (access) => void (await put.run(toRow(access))),
  };
}

const SELECT = `
  SELECT scope, consumer_orgno AS "consumerOrgno", state, reason, requested_by AS "requestedBy", created,
    last_updated AS "lastUpdated"
  FROM accesses`;

const CONDITIONS: Readonly<Record<keyof AccessFilter, string>> = {
  scope: 'scope = @scope',
  consumerOrgno: 'consumer_orgno = @consumerOrgno',
  ownerOrgno: 'scope IN (SELECT name FROM scopes WHERE owner_orgno = @ownerOrgno)',
  requested: 'requested_by IS NOT NULL',
};

/** For the members that a filter has: each set of them is read by its own index. */
function conditions(filter: AccessFilter): string {
  const where = conditionsFor(CONDITIONS, filter);
  if (where.length === 0) throw new Error('a list of every access was asked for');
  return where.join(' AND ');
}
