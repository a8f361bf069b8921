import type { Changes, TrustEntry } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** The register of CA certificates that enterprise certificates are judged by. */
export function trust(connection: Connection): Changes['trust'] {
  const find = connection.statement<[id: string], TrustEntry>(`${SELECT} WHERE id = ?`);
  const list = connection.statement<[], TrustEntry>(`${SELECT} ORDER BY id`);
  const put = connection.statement<[TrustEntry]>(`
    INSERT INTO trust_entries (id, certificate, role, environment, profile, created)
    VALUES (@id, @certificate, @role, @environment, @profile, @created)
    ON CONFLICT (id) DO UPDATE SET
      certificate = excluded.certificate, role = excluded.role, environment = excluded.environment,
      profile = excluded.profile, created = excluded.created`);
  const remove = connection.statement<[id: string]>('DELETE FROM trust_entries WHERE id = ?');
  return {
    find: async (id) => find.get(id),
    list: async () => list.all(),
    put: async (entry) => void put.run(entry),
    remove: async (id) => void remove.run(id),
  };
}

const SELECT = 'SELECT id, certificate, role, environment, profile, created FROM trust_entries';
