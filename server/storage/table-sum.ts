import { createHash } from 'node:crypto';
import { canonicalJson } from '../audit/canonical-json.ts';
import type { PlainRow, TableDigest } from './copied-tables.ts';

/** A row as it is digested and backed up: canonical JSON and a line feed. */
export function rowLine(row: PlainRow): string {
  return `${canonicalJson(row)}\n`;
}

/** Counts the rows of a table and digests them, in the order in which they come. */
export class TableSum {
  readonly #table: string;
  readonly #hash = createHash('sha256');
  #rows = 0;

  constructor(table: string) {
    this.#table = table;
  }

  add(rows: readonly PlainRow[]): void {
    for (const row of rows) this.#hash.update(rowLine(row));
    this.#rows += rows.length;
  }

  end(): TableDigest {
    return { table: this.#table, rows: this.#rows, digest: this.#hash.digest('hex') };
  }
}
