import type { Changes, FirstResult } from '../../core/ports.ts';
import type { Connection } from './database.ts';

/** What POSTs with an idempotency key were answered first. `PV-SEC-088` */
export function firstResults(connection: Connection): Changes['firstResults'] {
  const find = connection.statement<[clientId: string, key: string], Row>(`
    SELECT client_id AS clientId, key, request, answer, created FROM first_results WHERE client_id = ? AND key = ?`);
  const put = connection.statement<[Row]>(`
    INSERT INTO first_results (client_id, key, request, answer, created)
    VALUES (@clientId, @key, @request, @answer, @created)
    ON CONFLICT (client_id, key) DO UPDATE SET
      request = excluded.request, answer = excluded.answer, created = excluded.created`);
  const prune = connection.statement<[before: number]>('DELETE FROM first_results WHERE created < ?');
  return {
    find: async (clientId, key) => {
      const row = find.get(clientId, key);
      return row && { ...row, answer: JSON.parse(row.answer) as object };
    },
    put: async (result) => void put.run({ ...result, answer: JSON.stringify(result.answer) }),
    prune: async (now, seconds) => void prune.run(now - seconds),
  };
}

type Row = Omit<FirstResult, 'answer'> & { readonly answer: string };
