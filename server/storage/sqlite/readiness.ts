import { FOUND, type Found, type Readiness, type ReadinessLook, type ReadinessSum } from '../../core/readiness.ts';
import type { StatisticPeriod } from '../../core/statistics.ts';
import { HOUR, MINUTE } from '../../core/time.ts';
import type { WriteQueue } from '../write-queue.ts';
import type { Connection } from './database.ts';
import { periodOf } from './statistics.ts';

/** An hour in which nobody has looked yet. */
const BLANK = FOUND.nobodyLooked.repeat(60);

/** How the server was found, a row an hour. */
export function readiness(reader: Connection, writer: Connection, writes: WriteQueue): Readiness {
  const add = adding(writer);
  const lists = { hour: listing(reader, 'hour'), day: listing(reader, 'day'), month: listing(reader, 'month') };
  const first = reader.statement<[], { hour: number; minutes: string }>(
    'SELECT hour, minutes FROM readiness ORDER BY hour LIMIT 1',
  );
  return {
    add: (looks) => writes.run(() => add(looks)),
    list: async ({ per, from, to }) => lists[per].all(from, to),
    since: async () => {
      const row = first.get();
      return row && row.hour + row.minutes.search(/[^.]/) * MINUTE;
    },
  };
}

/** Where another look of the minute found something else, it was both. */
function adding(writer: Connection): (looks: readonly ReadinessLook[]) => void {
  const add = writer.statement<[Readonly<Record<string, string | number>>]>(`
    INSERT INTO readiness (hour, minutes) VALUES (@hour, substr('${BLANK}', 1, @place) || @found || substr('${BLANK}', @place + 2))
    ON CONFLICT DO UPDATE SET minutes = substr(minutes, 1, @place)
      || CASE WHEN substr(minutes, @place + 1, 1) IN ('${FOUND.nobodyLooked}', @found) THEN @found ELSE '${FOUND.both}' END
      || substr(minutes, @place + 2)`);
  return writer.change((looks: readonly ReadinessLook[]) => {
    for (const { minute, found } of looks) {
      const hour = minute - (minute % HOUR);
      add.run({ hour, place: (minute - hour) / MINUTE, found });
    }
  });
}

function listing(reader: Connection, per: StatisticPeriod) {
  const count = (found: Found) => `sum(60 - length(replace(minutes, '${found}', '')))`;
  return reader.statement<[from: number, to: number], ReadinessSum>(`
    SELECT ${periodOf(per)} AS period, ${count(FOUND.ready)} AS ready, ${count(FOUND.both)} AS "both",
      ${count(FOUND.unready)} AS unready
    FROM readiness WHERE hour >= ? AND hour < ? GROUP BY 1 ORDER BY 1`);
}
