import type { Changes } from '../../core/ports.ts';
import type { Access } from '../../core/scope.ts';
import type { Connection } from './database.ts';

/** The register of who has been let in on which scope. */
export function accesses(connection: Connection): Changes['accesses'] {
  const find = connection.statement<[scope: string, consumer: string], Access>(`
    SELECT scope, consumer_orgno AS consumerOrgno, state, created, last_updated AS lastUpdated
    FROM accesses WHERE scope = ? AND consumer_orgno = ?`);
  const put = connection.statement<[Access]>(`
    INSERT INTO accesses (scope, consumer_orgno, state, created, last_updated)
    VALUES (@scope, @consumerOrgno, @state, @created, @lastUpdated)
    ON CONFLICT (scope, consumer_orgno) DO UPDATE SET
      state = excluded.state, created = excluded.created, last_updated = excluded.last_updated`);
  return {
    find: async (scope, consumer) => find.get(scope, consumer),
    put: async (access) => void put.run(access),
  };
}
