import { beginOfMonth, monthOf } from '../../core/month.ts';
import type { Changes } from '../../core/ports.ts';
import type { ClosedMonth, Statistics } from '../../core/statistics.ts';
import { type Figure, type MonthRow, PART, sumUp, toMonth } from '../statistics-figures.ts';
import { SECONDS } from './clock.ts';
import type { Connection } from './database.ts';
import type { ConnectionPool } from './pool.ts';
import { COUNTING } from './statistics-folding.ts';

const MONTHS = 'SELECT first, last, sealed, figures, tokens, refusals, digest FROM statistics_months';

/** The months that are closed. */
export function listMonths({ statements }: ConnectionPool): Statistics['months'] {
  const list = statements.statement<[], MonthRow>(`${MONTHS} ORDER BY first`);
  return async () => (await list.all()).map(toMonth);
}

/**
 * Closes a month, holding what whoever counts has to hold, on all nodes: what comes later finds it closed. One that is not over by the
 * database's clock is not, whatever a node's own says.
 */
export function closing(reading: ConnectionPool): Statistics['close'] {
  const open = reading.statements.statement<[], MonthRow>(`${MONTHS} WHERE sealed IS NULL ORDER BY first LIMIT 1`);
  const begins = reading.statements.statement<[], { first: number | null }>(BEGINS);
  const pending = async (): Promise<ClosedMonth | undefined> => {
    const row = await open.get();
    return row && toMonth(row);
  };
  return async (ended) => {
    const unsealed = await pending();
    const next = unsealed ? undefined : ((await begins.get())?.first ?? undefined);
    if (next === undefined) return unsealed;
    const [first, last] = [beginOfMonth(monthOf(next)), beginOfMonth(monthOf(next) + 1)];
    if (last > ended) return undefined;
    await reading.transaction(COUNTING, (connection) => close(connection, first, last));
    return pending();
  };
}

async function close(connection: Connection, first: number, last: number): Promise<void> {
  await connection
    .statement<[first: number, last: number]>(`
      INSERT INTO statistics_months (first, last) SELECT $1::bigint, $2::bigint
      WHERE $2::bigint <= ${SECONDS} AND (SELECT COALESCE(max(sequence), 0) FROM audit) <= (SELECT sequence FROM statistics_position)
      ON CONFLICT DO NOTHING`)
    .run(first, last);
}

/**
 * When the next month begins that can be closed, or some moment of the first. Where the audit was pruned before anything was counted
 * nobody knows when it had begun: its gap is from 0.
 */
const BEGINS = `
  SELECT COALESCE((SELECT max(last) FROM statistics_months),
    LEAST((SELECT min(hour) FROM statistics), (SELECT min(first) FROM statistics_gaps WHERE first > 0))) AS first`;

/** Sums up what stands there, in the order of the primary key. */
export function summing({ statements }: ConnectionPool): Statistics['sum'] {
  const next = statements.statement<[Readonly<Record<string, string | number>>], Figure>(`
    SELECT hour, scope, consumer_orgno AS consumer, supplier_orgno AS supplier, client_id AS client, code, count
    FROM statistics
    WHERE hour < @to AND (hour, scope, consumer_orgno, supplier_orgno, client_id, code)
      > (@hour::bigint, @scope::text, @consumer::text, @supplier::text, @client::text, @code::text)
    ORDER BY hour, scope, consumer_orgno, supplier_orgno, client_id, code LIMIT ${PART}`);
  return (from, to) => sumUp(from, (behind) => next.all({ ...behind, to }));
}

/** Seals months, inside a transaction. */
export function statisticMonths(connection: Connection): Changes['statisticMonths'] {
  const seal = connection.statement<[Readonly<Record<string, string | number>>]>(`
    UPDATE statistics_months SET sealed = @at, figures = @figures, tokens = @tokens, refusals = @refusals, digest = @digest
    WHERE first = @from AND sealed IS NULL`);
  return { seal: async (from, given) => (await seal.run({ from, ...given })) === 1 };
}
