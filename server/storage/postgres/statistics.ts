import type { Statistic, StatisticGap, StatisticKey, StatisticPeriod, Statistics, StatisticWish } from '../../core/statistics.ts';
import { isByMonth } from '../statistics-figures.ts';
import type { Connection } from './database.ts';
import type { ConnectionPool } from './pool.ts';
import { COUNTING, fold, SLICE } from './statistics-folding.ts';
import { closing, listMonths, summing } from './statistics-months.ts';

/** Figures of tokens and refusals, folded from the audit. */
export function statistics(reading: ConnectionPool): Statistics {
  const gaps = reading.statements.statement<[to: number, from: number], StatisticGap>(
    'SELECT first AS "from", last AS "to", reason FROM statistics_gaps WHERE first < $1 AND last > $2 ORDER BY first',
  );
  const behind = reading.statements.statement<[], { behind: boolean }>(`
    SELECT (SELECT COALESCE(max(sequence), 0) FROM audit) > (SELECT sequence FROM statistics_position) AS behind`);
  return {
    fold: async () => ((await behind.get())?.behind ? (await reading.transaction(COUNTING, fold)) === SLICE : false),
    list: (wish) => list(reading.statements, wish),
    gaps: (from, to) => gaps.all(Math.ceil(to), Math.floor(from)),
    months: listMonths(reading),
    close: closing(reading),
    sum: summing(reading),
  };
}

const COLUMNS: Readonly<Record<StatisticKey, string>> = {
  scope: 'scope',
  consumer: 'consumer_orgno',
  supplier: 'supplier_orgno',
  client: 'client_id',
  code: 'code',
};

const FORMATS: Readonly<Record<StatisticPeriod, string>> = { hour: 'YYYY-MM-DD"T"HH24', day: 'YYYY-MM-DD', month: 'YYYY-MM' };

/** The period that the hour of a row is in, as it is told. */
export function periodOf(per: StatisticPeriod): string {
  return `to_char(to_timestamp(hour) AT TIME ZONE 'UTC', '${FORMATS[per]}') COLLATE "C"`;
}

/**
 * A token counts once, except by scope, where it counts for each of its scopes; and an owner sees its scopes alone. A client is shown
 * to the party that it works for: where another supplies, its client is none of the consumer's business. `PV-SEC-083`
 */
async function list(connection: Connection, wish: StatisticWish): Promise<Statistic[]> {
  const { by, per, from, to, owner = null, party = null, after, limit } = wish;
  const key =
    by === 'client'
      ? `CASE WHEN @party::text IS NULL OR supplier_orgno IN ('', @party::text) THEN client_id ELSE '' END`
      : COLUMNS[by];
  const find = connection.statement<[Readonly<Record<string, string | number | null>>], Row>(`
    SELECT period, key, COALESCE(sum(n) FILTER (WHERE code = ''), 0)::bigint AS tokens,
      (json_object_agg(code, n ORDER BY code) FILTER (WHERE code <> ''))::text AS refusals
    FROM (
      SELECT ${periodOf(per)} AS period, ${key} AS key, code,
        sum(count)::bigint AS n
      FROM ${isByMonth(wish) ? 'statistics_by_month' : 'statistics'}
      WHERE hour >= @from AND hour < @to
        AND CASE WHEN @owner::text IS NOT NULL THEN scope IN (SELECT name FROM scopes WHERE owner_orgno = @owner::text)
          WHEN @by::text = 'scope' THEN scope <> '' ELSE scope = '' END
        AND (@party::text IS NULL OR consumer_orgno = @party::text OR supplier_orgno = @party::text)
      GROUP BY 1, 2, 3) AS figure
    WHERE (period, key) > (@period::text, @key::text)
    GROUP BY period, key ORDER BY period, key LIMIT @limit`);
  const stretch = { from: Math.ceil(from), to: Math.ceil(to), limit };
  const rows = await find.all({ ...stretch, owner, party, by, period: after?.period ?? '', key: after?.key ?? '' });
  return rows.map(({ refusals, ...row }) => ({ ...row, refusals: JSON.parse(refusals ?? '{}') as Statistic['refusals'] }));
}

type Row = Omit<Statistic, 'refusals'> & { readonly refusals: string | null };
