import { FOUND, type Found, type Readiness, type ReadinessSum } from '../../core/readiness.ts';
import type { StatisticPeriod } from '../../core/statistics.ts';
import { HOUR, MINUTE } from '../../core/time.ts';
import type { ConnectionPool } from './pool.ts';
import { periodOf } from './statistics.ts';

/** How the server was found, a row an hour. */
export function readiness({ statements }: ConnectionPool): Readiness {
  // Where another look of the minute found something else, it was both.
  const put = statements.statement<[Readonly<Record<string, string | number>>]>(`
    INSERT INTO readiness AS known (hour, minutes)
    VALUES (@hour, overlay(repeat('${FOUND.nobodyLooked}', 60) PLACING @found::text FROM @place::integer FOR 1))
    ON CONFLICT (hour) DO UPDATE SET minutes = overlay(known.minutes PLACING
      CASE WHEN substr(known.minutes, @place::integer, 1) IN ('${FOUND.nobodyLooked}', @found::text) THEN @found::text ELSE '${FOUND.both}' END
      FROM @place::integer FOR 1)`);
  const first = statements.statement<[], { hour: number; minutes: string }>(
    'SELECT hour, minutes FROM readiness ORDER BY hour LIMIT 1',
  );
  return {
    add: async (looks) => {
      for (const { minute, found } of looks) {
        const hour = minute - (minute % HOUR);
        await put.run({ hour, found, place: (minute - hour) / MINUTE + 1 });
      }
    },
    list: ({ per, from, to }) => statements.statement<[from: number, to: number], ReadinessSum>(listing(per)).all(from, to),
    since: async () => {
      const row = await first.get();
      return row && row.hour + row.minutes.search(/[^.]/) * MINUTE;
    },
  };
}

function listing(per: StatisticPeriod): string {
  const count = (found: Found) => `sum(60 - length(replace(minutes, '${found}', '')))::bigint`;
  return `
    SELECT ${periodOf(per)} AS period, ${count(FOUND.ready)} AS ready,
      ${count(FOUND.both)} AS "both", ${count(FOUND.unready)} AS unready
    FROM readiness WHERE hour >= $1 AND hour < $2 GROUP BY 1 ORDER BY 1`;
}
