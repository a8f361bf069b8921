import Database from 'better-sqlite3';
import { beginOfMonth, type Month } from '../../server/core/month.ts';
import { HOUR } from '../../server/core/time.ts';

/** A year that nobody has used, in the counters alone. */
export type MadeUpYear = {
  /** The last of its twelve months. */
  readonly last: Month;
  readonly tokens: number;
  /** Whose tokens they are, and with which scopes. */
  readonly consumers: readonly string[];
  readonly suppliers: readonly string[];
  readonly scopes: readonly string[];
};

/** Reasons that a made-up refusal has. */
const CODES = ['MP-012', 'MP-110', 'MP-130', 'MP-250', 'MP-251'];

/** Pairs of a consumer and a scope that ask in an hour. */
const PAIRS = 40;

/** A refusal for so many tokens. */
const REFUSED = 50;

/**
 * Writes the counters of a year, past the ports: the audit has nothing of it. Every hour some consumers ask, by day more than by night and
 * from month to month a little more, and some of it is refused.
 * @param database made by this version, and in nobody else's use. @returns how many counters there are
 */
export function fillYear(database: string, year: MadeUpYear): number {
  const connection = new Database(database, { fileMustExist: true });
  try {
    connection.pragma('synchronous = OFF');
    connection.transaction(() => addYear(connection, year))();
    connection.pragma('wal_checkpoint(TRUNCATE)');
    return (connection.prepare('SELECT count(*) AS rows FROM statistics').get() as { rows: number }).rows;
  } finally {
    connection.close();
  }
}

function addYear(connection: Database.Database, { last, tokens, consumers, suppliers, scopes }: MadeUpYear): void {
  const add = connection.prepare<[number, string, string, string, string, string, number]>(`
    INSERT INTO statistics (hour, scope, consumer_orgno, supplier_orgno, client_id, code, count) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count`);
  const [first, end] = [beginOfMonth(last - 11), beginOfMonth(last + 1)];
  const weightOf = (hour: number): number => (1 + Math.sin(((hour / HOUR) % 24) / 4)) * (1 + (hour - first) / (end - first));
  const hours = Array.from({ length: (end - first) / HOUR }, (_, place) => first + place * HOUR);
  const whole = hours.reduce((sum, hour) => sum + weightOf(hour), 0);
  let left = tokens;
  let number = 0;
  for (const hour of hours)
    for (let pair = 0; pair < PAIRS; pair++) {
      const isLast = hour === end - HOUR && pair === PAIRS - 1;
      const count = isLast ? left : Math.min(left, Math.round((tokens * weightOf(hour)) / whole / PAIRS));
      left -= count;
      number++;
      // The first ones of a list are the most used, and none is never.
      const at = <T>(list: readonly T[], step: number): T => list[Math.floor(list.length * ((number * step) % 1) ** 2)] as T;
      const [consumer, scope] = [at(consumers, 0.618), at(scopes, 0.414)];
      const supplier = number % 4 === 0 ? at(suppliers, 0.732) : '';
      const keys = [consumer, supplier, `client-${consumer}`] as const;
      for (const each of ['', scope]) {
        if (count > 0) add.run(hour, each, ...keys, '', count);
        if (count >= REFUSED) add.run(hour, each, ...keys, at(CODES, 0.236), Math.floor(count / REFUSED));
      }
    }
}
