import type { KeptExplanations } from '../../core/kept-explanation.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { type ExplanationRow, toExplanation, toExplanationRow } from '../rows/explanation.ts';
import { SECONDS } from './clock.ts';
import type { Connection } from './database.ts';

/** Why tokens were refused. In the order of their names, so that nodes that keep some at once wait in line. */
export function explanations(connection: Connection): KeptExplanations {
  const find = connection.statement<[id: string], ExplanationRow<boolean>>(`
    SELECT id, at, code, client_id AS "clientId", proven, content FROM explanations
    WHERE id = $1 ORDER BY proven DESC, at DESC, code, client_id LIMIT 20`);
  const add = connection.statement<[string[], number[], string[], string[], boolean[], string[]]>(`
    INSERT INTO explanations (id, at, code, client_id, proven, content)
    SELECT id, at, code, client_id, proven, content
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::boolean[], $6::text[])
      AS kept (id, at, code, client_id, proven, content)
    ORDER BY id, at, code, client_id, proven
    ON CONFLICT DO NOTHING`);
  const beyond = connection.statement<[strangers: number], { at: EpochSeconds }>(`
    SELECT at FROM explanations WHERE NOT proven ORDER BY at DESC LIMIT 1 OFFSET $1`);
  const removing = <Parameters extends unknown[]>(which: string) =>
    connection.statement<[limit: number, ...Parameters]>(`
    DELETE FROM explanations WHERE (id, at, code, client_id, proven) IN (
      SELECT id, at, code, client_id, proven FROM explanations WHERE ${which} ORDER BY at LIMIT $1 FOR UPDATE SKIP LOCKED)`);
  // Over by the database's clock, too: a node whose own is ahead would take them from all the others.
  const removeOver = removing<[now: EpochSeconds, seconds: number]>(`at < LEAST($2, ${SECONDS}) - $3::bigint`);
  const removeStrangers = removing<[moment: EpochSeconds]>('NOT proven AND at <= $2');
  return {
    add: async (kept) => {
      const rows = kept.map((each) => toExplanationRow(each, Boolean));
      if (rows.length === 0) return;
      await add.run(
        rows.map(({ id }) => id),
        rows.map(({ at }) => at),
        rows.map(({ code }) => code),
        rows.map(({ clientId }) => clientId),
        rows.map(({ proven }) => proven),
        rows.map(({ content }) => content),
      );
    },
    find: async (id) => (await find.all(id)).map(toExplanation),
    prune: async ({ now, seconds }, strangers, limit) => {
      const removed = await removeOver.run(limit, now, seconds);
      if (removed > 0) return removed;
      const last = await beyond.get(strangers);
      return last ? removeStrangers.run(limit, last.at) : 0;
    },
  };
}
