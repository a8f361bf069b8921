import type { Statistic, StatisticGap, StatisticKey, StatisticPeriod, Statistics, StatisticWish } from '../../core/statistics.ts';
import { isByMonth } from '../statistics-figures.ts';
import type { WriteQueue } from '../write-queue.ts';
import type { Connection } from './database.ts';
import { folding, SLICE } from './statistics-folding.ts';
import { closing, listMonths, summing } from './statistics-months.ts';

/** Figures of tokens and refusals, folded from the audit. */
export function statistics(reader: Connection, writer: Connection, writes: WriteQueue): Statistics {
  const fold = folding(writer);
  const gaps = reader.statement<[to: number, from: number], StatisticGap>(
    'SELECT first AS "from", last AS "to", reason FROM statistics_gaps WHERE first < ? AND last > ? ORDER BY first',
  );
  const behind = reader.statement<[], { behind: number }>(`
    SELECT (SELECT coalesce(max(sequence), 0) FROM audit) > (SELECT sequence FROM statistics_position) AS behind`);
  const lists = new Map<string, ReturnType<typeof listing>>();
  return {
    fold: async () => (behind.get()?.behind === 1 ? (await writes.run(() => fold())) === SLICE : false),
    list: async (wish) => {
      const { by, per } = wish;
      const table = isByMonth(wish) ? 'statistics_by_month' : 'statistics';
      const name = `${by} ${per} ${table}`;
      const list = lists.get(name) ?? listing(reader, { by, per, table });
      lists.set(name, list);
      return list(wish);
    },
    gaps: async (from, to) => gaps.all(to, from),
    months: listMonths(reader),
    close: closing(reader, writer, writes),
    sum: summing(reader),
  };
}

const COLUMNS: Readonly<Record<StatisticKey, string>> = {
  scope: 'scope',
  consumer: 'consumer_orgno',
  supplier: 'supplier_orgno',
  client: 'client_id',
  code: 'code',
};

const FORMATS: Readonly<Record<StatisticPeriod, string>> = { hour: '%Y-%m-%dT%H', day: '%Y-%m-%d', month: '%Y-%m' };

/** The period that the hour of a row is in, as it is told. */
export function periodOf(per: StatisticPeriod): string {
  return `strftime('${FORMATS[per]}', hour, 'unixepoch')`;
}

/**
 * A token counts once, except by scope, where it counts for each of its scopes; and an owner sees its scopes alone. A client is shown
 * to the party that it works for: where another supplies, its client is none of the consumer's business. `PV-SEC-083`
 */
function listing(reader: Connection, { by, per, table }: Listed): (wish: StatisticWish) => Statistic[] {
  const key =
    by === 'client' ? `CASE WHEN @party IS NULL OR supplier_orgno IN ('', @party) THEN client_id ELSE '' END` : COLUMNS[by];
  const find = reader.statement<[Readonly<Record<string, string | number | null>>], Row>(`
    SELECT period, key, sum(CASE WHEN code = '' THEN n ELSE 0 END) AS tokens,
      json_group_object(code, n) FILTER (WHERE code <> '') AS refusals
    FROM (
      SELECT ${periodOf(per)} AS period, ${key} AS key, code, sum(count) AS n
      FROM ${table}
      WHERE hour >= @from AND hour < @to
        AND CASE WHEN @owner IS NOT NULL THEN scope IN (SELECT name FROM scopes WHERE owner_orgno = @owner)
          WHEN @by = 'scope' THEN scope <> '' ELSE scope = '' END
        AND (@party IS NULL OR consumer_orgno = @party OR supplier_orgno = @party)
      GROUP BY 1, 2, 3)
    WHERE (period, key) > (@period, @key)
    GROUP BY period, key ORDER BY period, key LIMIT @limit`);
  return ({ from, to, owner = null, party = null, after, limit }) =>
    find
      .all({ from, to, owner, party, by, limit, period: after?.period ?? '', key: after?.key ?? '' })
      .map(({ refusals, ...row }) => ({ ...row, refusals: JSON.parse(refusals ?? '{}') as Statistic['refusals'] }));
}

type Listed = { readonly by: StatisticKey; readonly per: StatisticPeriod; readonly table: string };

type Row = Omit<Statistic, 'refusals'> & { readonly refusals: string | null };
