import { HOUR } from '../../core/time.ts';
import { type Figure, type Folded, figuresOf, parted } from '../statistics-figures.ts';
import type { Connection } from './database.ts';

/** Records that are folded at a time, so that no transaction lasts. */
export const SLICE = 500;

/** Whoever counts does it alone, on all nodes, and sees all that was counted before. */
export const COUNTING = 'BEGIN; SELECT 1 FROM statistics_position FOR UPDATE';

/** Counts the next records of the audit, in the transaction at hand. @returns how many they were */
export async function fold(connection: Connection): Promise<number> {
  const { sequence = 0, at = 0 } = (await connection.statement<[], Position>(POSITION).get()) ?? {};
  const gone = await connection.statement<[], Position>(PRUNED).get();
  if (gone && gone.sequence > sequence)
    await mark(connection, { first: at - (at % HOUR), last: gone.at - (gone.at % HOUR) + HOUR, reason: 'pruned' });
  const next = connection.statement<[after: number, limit: number], Folded>(NEXT);
  const records = await next.all(Math.max(sequence, gone?.sequence ?? 0), SLICE);
  const { closed } = (await connection.statement<[], { closed: number | null }>(CLOSED).get()) ?? { closed: null };
  const { open, late } = parted(figuresOf(records), closed ?? 0);
  await add(connection, open);
  for (const hour of late) await mark(connection, { first: hour, last: hour + HOUR, reason: 'late' });
  const last = records.at(-1);
  if (last) await connection.statement<[number, number]>(MOVE).run(last.sequence, last.at);
  return records.length;
}

type Position = { readonly sequence: number; readonly at: number };

const POSITION = 'SELECT sequence, at FROM statistics_position';

const PRUNED = 'SELECT sequence, at FROM audit_checkpoints WHERE number = (SELECT checkpoint FROM audit_pruned)';

const NEXT = `
  SELECT sequence, at, type, client_id AS "clientId", orgno, details FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2`;

const CLOSED = 'SELECT max(last) AS closed FROM statistics_months';

const MOVE = 'UPDATE statistics_position SET sequence = $1, at = $2';

type Gap = { readonly first: number; readonly last: number; readonly reason: 'pruned' | 'late' };

/** Where another gap begins at the same hour, the longer one stays. */
async function mark(connection: Connection, { first, last, reason }: Gap): Promise<void> {
  await connection
    .statement<[first: number, last: number, reason: string]>(`
      INSERT INTO statistics_gaps AS gap (first, last, reason) VALUES ($1, $2, $3)
      ON CONFLICT (first) DO UPDATE SET last = excluded.last, reason = excluded.reason WHERE excluded.last > gap.last`)
    .run(first, last, reason);
}

async function add(connection: Connection, figures: readonly Figure[]): Promise<void> {
  if (figures.length === 0) return;
  const texts = (of: (figure: Figure) => string): string[] => figures.map((figure) => shown(of(figure)));
  await connection.statement<[number[], string[], string[], string[], string[], string[], number[]]>(ADD).run(
    figures.map(({ hour }) => hour),
    texts(({ scope }) => scope),
    texts(({ consumer }) => consumer),
    texts(({ supplier }) => supplier),
    texts(({ client }) => client),
    texts(({ code }) => code),
    figures.map(({ count }) => count),
  );
}

/** A text of the database cannot hold the character: one record with it must not keep all that follow from being counted. */
function shown(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}

const ADD = `
  INSERT INTO statistics (hour, scope, consumer_orgno, supplier_orgno, client_id, code, count)
  SELECT hour, scope, consumer, supplier, client, code, sum(count)
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
    AS figure (hour, scope, consumer, supplier, client, code, count)
  GROUP BY hour, scope, consumer, supplier, client, code
  ON CONFLICT (hour, scope, consumer_orgno, supplier_orgno, client_id, code)
    DO UPDATE SET count = statistics.count + excluded.count`;
