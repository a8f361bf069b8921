import { setImmediate as nextTurn } from 'node:timers/promises';
import { beginOfMonth, monthOf } from '../../core/month.ts';
import type { Changes } from '../../core/ports.ts';
import type { Statistics } from '../../core/statistics.ts';
import { type Figure, type MonthRow, PART, sumUp, toMonth } from '../statistics-figures.ts';
import type { WriteQueue } from '../write-queue.ts';
import type { Connection } from './database.ts';

const MONTHS = 'SELECT first, last, sealed, figures, tokens, refusals, digest FROM statistics_months';

/** The months that are closed. */
export function listMonths(reader: Connection): Statistics['months'] {
  const list = reader.statement<[], MonthRow>(`${MONTHS} ORDER BY first`);
  return async () => list.all().map(toMonth);
}

/** Closes a month in a transaction that sees every record of the audit: what comes later finds it closed. */
export function closing(reader: Connection, writer: Connection, writes: WriteQueue): Statistics['close'] {
  const open = reader.statement<[], MonthRow>(`${MONTHS} WHERE sealed IS NULL ORDER BY first LIMIT 1`);
  const begins = reader.statement<[], { first: number | null }>(BEGINS);
  const isCounted = writer.statement<[], { counted: number }>(`
    SELECT (SELECT coalesce(max(sequence), 0) FROM audit) <= (SELECT sequence FROM statistics_position) AS counted`);
  const add = writer.statement<[first: number, last: number]>(
    'INSERT INTO statistics_months (first, last) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const close = writer.change((first: number, last: number) => {
    if (isCounted.get()?.counted === 1) add.run(first, last);
  });
  const pending = () => {
    const row = open.get();
    return row && toMonth(row);
  };
  return async (ended) => {
    const unsealed = pending();
    const next = unsealed ? undefined : (begins.get()?.first ?? undefined);
    if (next === undefined) return unsealed;
    const [first, last] = [beginOfMonth(monthOf(next)), beginOfMonth(monthOf(next) + 1)];
    if (last > ended) return undefined;
    await writes.run(() => close(first, last));
    return pending();
  };
}

/**
 * When the next month begins that can be closed, or some moment of the first. Where the audit was pruned before anything was counted
 * nobody knows when it had begun: its gap is from 0.
 */
const BEGINS = `
  SELECT coalesce((SELECT max(last) FROM statistics_months),
    (SELECT min(first) FROM (
      SELECT min(hour) AS first FROM statistics UNION ALL SELECT min(first) FROM statistics_gaps WHERE first > 0))) AS first`;

/** Sums up what stands there, in the order of the primary key. */
export function summing(reader: Connection): Statistics['sum'] {
  const next = reader.statement<[Readonly<Record<string, string | number>>], Figure>(`
    SELECT hour, scope, consumer_orgno AS consumer, supplier_orgno AS supplier, client_id AS client, code, count
    FROM statistics
    WHERE hour < @to
      AND (hour, scope, consumer_orgno, supplier_orgno, client_id, code) > (@hour, @scope, @consumer, @supplier, @client, @code)
    ORDER BY hour, scope, consumer_orgno, supplier_orgno, client_id, code LIMIT ${PART}`);
  return (from, to) =>
    sumUp(from, async (behind) => {
      await nextTurn();
      return next.all({ ...behind, to });
    });
}

/** Seals months, inside a transaction. */
export function statisticMonths(writer: Connection): Changes['statisticMonths'] {
  const seal = writer.statement<[Readonly<Record<string, string | number>>]>(`
    UPDATE statistics_months SET sealed = @at, figures = @figures, tokens = @tokens, refusals = @refusals, digest = @digest
    WHERE first = @from AND sealed IS NULL`);
  return { seal: async (from, given) => seal.run({ from, ...given }) === 1 };
}
