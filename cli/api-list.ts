import { z } from 'zod';
import type { AdminScope } from '../server/core/admin-scopes.ts';
import { type Address, type ApiClient, withQuery } from './api-client.ts';
import type { List, View } from './output.ts';
import { type Part, sortBy, takePart } from './shape.ts';

/** What a list is read with. */
export type Listing<Shape extends z.ZodType> = { readonly shape: Shape; readonly scopes: readonly AdminScope[] };

/** A list of the contract's, which comes whole. Contract §5.1 */
export async function readWhole<Shape extends z.ZodType>(
  api: ApiClient,
  address: Address,
  { shape, scopes }: Listing<Shape>,
): Promise<readonly z.infer<Shape>[]> {
  return (await api.get(address, z.array(shape), scopes)).object;
}

/** The part of a whole list that is asked for, in the order asked for. */
export function partOf<T extends object>(
  api: ApiClient,
  items: readonly T[],
  { view, part }: { view: View<T>; part: Part },
): List<T> {
  const { sort } = api.terminal.options;
  return takePart(items, view, { ...part, ...(sort !== undefined && { sort }) });
}

/** Most rows that the API puts on a page. `PV-SEC-089` */
const PAGE = 200;

/** A list of our own, page after page until there are as many as are asked for. own-api */
export async function readPages<Shape extends z.ZodType>(
  api: ApiClient,
  address: Address,
  { shape, scopes, part: { limit, all, cursor } }: Listing<Shape> & { readonly part: Part },
): Promise<List<z.infer<Shape>>> {
  const items: z.infer<Shape>[] = [];
  const wanted = all ? Number.POSITIVE_INFINITY : limit;
  const page = (at: string | undefined) => withQuery(address, { limit: `${Math.min(PAGE, wanted - items.length)}`, cursor: at });
  let next: string | undefined = cursor;
  do {
    const answer = await api.get(page(next), z.array(shape), scopes);
    items.push(...answer.object);
    next = answer.next === undefined ? undefined : cursorOf(answer.next);
  } while (next !== undefined && items.length < wanted);
  return { items, next: next ?? null };
}

/** All of a list of our own. */
export async function readAll<Shape extends z.ZodType>(
  api: ApiClient,
  address: Address,
  listing: Listing<Shape>,
): Promise<readonly z.infer<Shape>[]> {
  return (await readPages(api, address, { ...listing, part: { limit: PAGE, all: true } })).items;
}

/** Sorted, a page is sorted by itself: what is on the next one is not known yet. */
export function sorted<T extends object>(api: ApiClient, list: List<T>, view: View<T>): List<T> {
  const { sort } = api.terminal.options;
  return sort === undefined ? list : { ...list, items: sortBy(list.items, view, sort) };
}

function cursorOf(address: Address): string | undefined {
  return new URL(address, 'http://localhost/').searchParams.get('cursor') ?? undefined;
}
