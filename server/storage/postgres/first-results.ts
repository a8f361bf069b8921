import type { Changes, FirstResult } from '../../core/ports.ts';
import { SECONDS } from './clock.ts';
import type { Connection } from './database.ts';

/** What POSTs with an idempotency key were answered first. `PV-SEC-088` */
export function firstResults(connection: Connection): Changes['firstResults'] {
  const find = connection.statement<[clientId: string, key: string], Row>(`
    SELECT client_id AS "clientId", key, request, answer, created FROM first_results WHERE client_id = $1 AND key = $2`);
  const put = connection.statement<[Row]>(`
    INSERT INTO first_results (client_id, key, request, answer, created)
    VALUES (@clientId, @key, @request, @answer, @created)
    ON CONFLICT (client_id, key) DO UPDATE SET
      request = excluded.request, answer = excluded.answer, created = excluded.created`);
  // Over by the database's clock, too: a node whose own is ahead would have others carry out what came twice.
  const prune = connection.statement<[now: number, seconds: number]>(`
    DELETE FROM first_results WHERE created < LEAST($1, ${SECONDS}) - $2::bigint`);
  return {
    find: async (clientId, key) => {
      const row = await find.get(clientId, key);
      return row && { ...row, answer: JSON.parse(row.answer) as object };
    },
    put: async (result) => void (await put.run({ ...result, answer: JSON.stringify(result.answer) })),
    prune: async (now, seconds) => void (await prune.run(Math.ceil(now), seconds)),
  };
}

type Row = Omit<FirstResult, 'answer'> & { readonly answer: string };
