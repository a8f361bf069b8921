import type { Client } from 'pg';
import { COPIED_TABLES, type PlainRow, type PlainValue } from '../copied-tables.ts';
import { asked, permitted } from './failures.ts';

/** Rows read at a time. */
const PAGE = 1_000;

/** Reads a table inside the transaction at hand, in the order of its keys: no more of it is held than a page. */
export async function* tablePages(client: Client, table: string): AsyncGenerator<readonly PlainRow[]> {
  const key = COPIED_TABLES[table] ?? [];
  await permitted(() => client.query(`DECLARE reading NO SCROLL CURSOR FOR SELECT * FROM ${table} ORDER BY ${key.join(', ')}`));
  for (;;) {
    const { rows } = await asked(() => client.query<Row>(`FETCH ${PAGE} FROM reading`));
    if (rows.length > 0) yield rows.map(toPlain);
    if (rows.length < PAGE) break;
  }
  await asked(() => client.query('CLOSE reading'));
}

type Row = Readonly<Record<string, string | number | boolean | null | Buffer>>;

function toPlain(row: Row): PlainRow {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
}

function plain(value: Row[string] | undefined): PlainValue {
  if (typeof value === 'boolean') return Number(value);
  return Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : (value ?? null);
}
