import { HOUR } from '../../core/time.ts';
import { type Folded, figuresOf, parted } from '../statistics-figures.ts';
import type { Connection } from './database.ts';

/** Records that are folded at a time, so that no token waits for it. */
export const SLICE = 500;

/** @returns what folds the next records, and tells how many they were. */
export function folding(writer: Connection): () => number {
  const position = writer.statement<[], Position>('SELECT sequence, at FROM statistics_position');
  const next = writer.statement<[after: number, limit: number], Folded>(`
    SELECT sequence, at, type, client_id AS clientId, orgno, details FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?`);
  const pruned = writer.statement<[], Position>(`
    SELECT sequence, at FROM audit_checkpoints WHERE number = (SELECT checkpoint FROM audit_pruned)`);
  const closed = writer.statement<[], { closed: number | null }>('SELECT max(last) AS closed FROM statistics_months');
  const move = writer.statement<[sequence: number, at: number]>('UPDATE statistics_position SET sequence = ?, at = ?');
  const add = adding(writer);
  const mark = marking(writer);
  return writer.change(() => {
    const { sequence, at } = position.get() ?? { sequence: 0, at: 0 };
    const gone = pruned.get();
    if (gone && gone.sequence > sequence) mark(at - (at % HOUR), gone.at - (gone.at % HOUR) + HOUR, 'pruned');
    const records = next.all(Math.max(sequence, gone?.sequence ?? 0), SLICE);
    const { open, late } = parted(figuresOf(records), closed.get()?.closed ?? 0);
    for (const figure of open) add(figure);
    for (const hour of late) mark(hour, hour + HOUR, 'late');
    const last = records.at(-1);
    if (last) move.run(last.sequence, last.at);
    return records.length;
  });
}

type Position = { readonly sequence: number; readonly at: number };

function adding(writer: Connection): (figure: Readonly<Record<string, string | number>>) => void {
  const add = writer.statement<[Readonly<Record<string, string | number>>]>(`
    INSERT INTO statistics (hour, scope, consumer_orgno, supplier_orgno, client_id, code, count)
    VALUES (@hour, @scope, @consumer, @supplier, @client, @code, @count)
    ON CONFLICT DO UPDATE SET count = count + excluded.count`);
  return (figure) => void add.run(figure);
}

/** Where another gap begins at the same hour, the longer one stays. */
function marking(writer: Connection): (first: number, last: number, reason: 'pruned' | 'late') => void {
  const mark = writer.statement<[first: number, last: number, reason: string]>(`
    INSERT INTO statistics_gaps (first, last, reason) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET last = excluded.last, reason = excluded.reason WHERE excluded.last > last`);
  return (first, last, reason) => void mark.run(first, last, reason);
}
