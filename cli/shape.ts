import { Failure } from './failure.ts';
import { nearest } from './nearest.ts';
import type { Field, List, View } from './output.ts';

/** The view with these columns alone, in this order; the same as before where none are named. @throws {Failure} `usage` */
export function withColumns<T>(view: View<T>, columns: readonly string[] | undefined): View<T> {
  if (!columns) return view;
  const { text: _, ...rest } = view;
  return { ...rest, fields: columns.map((name) => shown(fieldNamed(view, name))) };
}

/** Which part of a list is wanted, and in which order. */
export type Part = {
  /** Rows at most, unless all are wanted. */
  readonly limit: number;
  readonly all?: boolean;
  /** The `next` of the part before. */
  readonly cursor?: string;
};

/**
 * Cuts the part that is wanted out of a list that came whole. Its cursor is the name of the last row shown.
 * @throws {Failure} `usage` for a cursor or a field that the list does not have
 */
export function takePart<T extends object>(
  items: readonly T[],
  view: View<T>,
  { limit, all, cursor, sort }: Part & { readonly sort?: string },
): List<T> {
  const sorted = sort === undefined ? items : sortBy(items, view, sort);
  const last = cursor === undefined ? -1 : sorted.findIndex((item) => view.name(item) === cursor);
  if (cursor !== undefined && last < 0) throw new Failure('usage', `--cursor ${cursor} is not a place in this list`);
  const rest = sorted.slice(last + 1);
  const shown = all ? rest : rest.slice(0, limit);
  const end = shown.at(-1);
  return { items: shown, next: end && shown.length < rest.length ? view.name(end) : null };
}

/** The items by a field; with `-` before its name backwards. What is absent comes last. @throws {Failure} `usage` */
export function sortBy<T>(items: readonly T[], view: View<T>, sort: string): readonly T[] {
  const backwards = sort.startsWith('-');
  const { name } = fieldNamed(view, sort.replace(/^-/, ''));
  return items.toSorted((a, b) => compare(a[name], b[name], backwards));
}

function compare(a: unknown, b: unknown, backwards: boolean): number {
  if (a === b) return 0;
  if (a === undefined || a === null) return 1;
  if (b === undefined || b === null) return -1;
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1;
  return backwards ? -order : order;
}

/** Asked for by name, it is shown whatever the format. */
function shown<T>({ wide: _, ...field }: Field<T>): Field<T> {
  return field;
}

function fieldNamed<T>({ fields }: View<T>, name: string): Field<T> {
  const found = fields.find((field) => field.name === name);
  if (found) return found;
  const names = fields.map((field) => field.name);
  const near = nearest(name, names);
  throw new Failure('usage', `there is no column "${name}"`, {
    fix: near === undefined ? `the columns are ${names.join(', ')}` : `did you mean ${near}?`,
  });
}
