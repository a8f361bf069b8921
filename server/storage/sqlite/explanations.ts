import type { KeptExplanation, KeptExplanations } from '../../core/kept-explanation.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { type ExplanationRow, toExplanation, toExplanationRow } from '../rows/explanation.ts';
import type { WriteQueue } from '../write-queue.ts';
import type { Connection } from './database.ts';

/** Why tokens were refused. */
export function explanations(reader: Connection, writer: Connection, writes: WriteQueue): KeptExplanations {
  const find = reader.statement<[id: string], ExplanationRow<number>>(`
    SELECT id, at, code, client_id AS clientId, proven, content FROM explanations
    WHERE id = ? ORDER BY proven DESC, at DESC, code, client_id LIMIT 20`);
  const put = writer.statement<[ExplanationRow<number>]>(`
    INSERT INTO explanations (id, at, code, client_id, proven, content)
    VALUES (@id, @at, @code, @clientId, @proven, @content) ON CONFLICT DO NOTHING`);
  const add = writer.change((rows: readonly ExplanationRow<number>[]) => {
    for (const row of rows) put.run(row);
  });
  const beyond = reader.statement<[strangers: number], { at: EpochSeconds }>(`
    SELECT at FROM explanations WHERE proven = 0 ORDER BY at DESC LIMIT 1 OFFSET ?`);
  const over = reader.statement<[before: EpochSeconds], { at: EpochSeconds }>(
    'SELECT at FROM explanations WHERE at < ? ORDER BY at LIMIT 1',
  );
  const removing = (which: string) =>
    writer.statement<[moment: EpochSeconds, limit: number]>(`
    DELETE FROM explanations WHERE (id, at, code, client_id, proven) IN (
      SELECT id, at, code, client_id, proven FROM explanations WHERE ${which} ORDER BY at LIMIT ?)`);
  const removeOver = removing('at < ?');
  const removeStrangers = removing('proven = 0 AND at <= ?');
  const prune = writer.change((statement: typeof removeOver, moment: EpochSeconds, limit: number) =>
    statement.run(moment, limit),
  );
  return {
    add: async (kept: readonly KeptExplanation[]) => {
      if (kept.length > 0) await writes.run(() => add(kept.map((each) => toExplanationRow(each, Number))));
    },
    find: async (id) => find.all(id).map(toExplanation),
    // Looked for on the other connection, so that nothing is written where there is nothing to remove.
    prune: async ({ now, seconds }, strangers, limit) => {
      const before = now - seconds;
      if (over.get(before)) return writes.run(() => prune(removeOver, before, limit));
      const last = beyond.get(strangers);
      return last ? writes.run(() => prune(removeStrangers, last.at, limit)) : 0;
    },
  };
}
