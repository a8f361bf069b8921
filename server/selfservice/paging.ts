import { z } from 'zod';
import type { Call } from './route.ts';

/** Rows of a page, unless the caller wants another number, and at most. `PV-SEC-089` */
const USUAL = 50;
const MOST = 200;

/** What every list of our own understands. */
export const pageQuery = z.object({
  limit: z.coerce
    .number()
    .int()
    .min(1, `must be 1 to ${MOST}`)
    .max(MOST, `must be 1 to ${MOST}`)
    .optional()
    .meta({ description: `rows of a page; ${USUAL} unless told` }),
  cursor: z.string().min(1).max(1024).optional().meta({ description: 'from the Link header of the page before' }),
});

/** A part of a list, and the cursor of what follows. */
export class Page {
  readonly rows: readonly object[];
  readonly next: string | undefined;

  constructor(rows: readonly object[], next: string | undefined) {
    this.rows = rows;
    this.next = next;
  }
}

/**
 * Cuts the page that is asked for out of a list. Its place is a key and not a number, so that a row that goes makes no other be
 * passed over. `PV-SEC-089`
 * @param list in the order of its keys, which are unique.
 * @param show makes the answer's row.
 */
export async function takePage<Row>(
  { query, cursors }: Call<z.infer<typeof pageQuery>>,
  list: readonly Row[],
  { key, show }: { readonly key: (row: Row) => string; readonly show: (row: Row) => object | Promise<object> },
): Promise<Page> {
  const { limit = USUAL, cursor } = query;
  const after = cursor === undefined ? undefined : cursors.open(cursor);
  const start = after === undefined ? 0 : list.findIndex((row) => isAfter(key(row), after));
  const rows = start < 0 ? [] : list.slice(start, start + limit);
  const last = rows.at(-1);
  const more = last !== undefined && start + limit < list.length;
  return new Page(await Promise.all(rows.map(show)), more ? cursors.seal(key(last)) : undefined);
}

/**
 * The page that is asked for, of a list that the store cuts by itself because it may be very long. `PV-SEC-089`
 * @param fetch the rows whose key comes after the place, in the order of their keys, at most so many.
 */
export async function readPage<Row>(
  { query, cursors }: Call<z.infer<typeof pageQuery>>,
  fetch: (part: { readonly after?: string; readonly limit: number }) => Promise<readonly Row[]>,
  { key, show }: { readonly key: (row: Row) => string; readonly show: (row: Row) => object | Promise<object> },
): Promise<Page> {
  const { limit = USUAL, cursor } = query;
  const found = await fetch({ ...(cursor !== undefined && { after: cursors.open(cursor) }), limit: limit + 1 });
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return new Page(await Promise.all(rows.map(show)), found.length > limit && last ? cursors.seal(key(last)) : undefined);
}

/** In the byte order of the store. */
function isAfter(key: string, place: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(place)) > 0;
}
