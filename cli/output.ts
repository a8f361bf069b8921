import type { Colors } from './style.ts';
import { printable, table } from './table.ts';

const FORMATS = ['table', 'wide', 'json', 'yaml', 'csv', 'name'] as const;
export type Format = (typeof FORMATS)[number];

/** What `--output` takes; `auto` is a table for a person at a terminal and JSON for everything else. */
export const OUTPUT_CHOICES = [...FORMATS, 'auto'] as const;

/** Several objects of a kind, as programs read them: never a bare array. */
export type List<T> = { readonly items: readonly T[]; readonly next: string | null };

/** How objects of a kind are shown. Everything is read from the object that JSON prints, so that no field exists in one only. */
export type View<T> = {
  /** Columns of a table and of CSV; lines of a single object. */
  readonly fields: readonly Field<T>[];
  /** The object's identifier with its kind, such as `client/7f3b…`. */
  readonly name: (item: T) => string;
  /** Rows that stand beneath an item in a table, by column: what belongs to it, and is part of it in every other format. */
  readonly beneath?: (item: T) => readonly Cells<T>[];
  /** What a person reads of a single object, where lines of fields are not enough. */
  readonly text?: (item: T, colors: Colors) => string;
};

/** What a person reads in a row, by column. */
export type Cells<T> = Readonly<Partial<Record<keyof T & string, string>>>;

export type Field<T> = {
  readonly name: keyof T & string;
  /** Stands above the column, where the name alone would say too much or too little. */
  readonly heading?: string;
  /** What a person reads, where the value itself is not enough. */
  readonly text?: (item: T) => string;
  /** Shown by `-o wide`, not by `-o table`. */
  readonly wide?: true;
};

/** The answer of a command in the format asked for, with its final line end. */
export async function render<T extends object>(
  answer: T | List<T>,
  view: View<T>,
  { format, colors, headers = true }: { readonly format: Format; readonly colors: Colors; readonly headers?: boolean },
): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(answer, null, 2)}\n`;
    case 'yaml':
      return (await import('yaml')).stringify(answer, { lineWidth: 0 });
    case 'csv':
      return csv(items(answer), view.fields, headers);
    case 'name':
      return items(answer)
        .map((item) => `${view.name(item)}\n`)
        .join('');
    default:
      return forPeople(answer, view, { wide: format === 'wide', colors, headers });
  }
}

function items<T extends object>(answer: T | List<T>): readonly T[] {
  return isList(answer) ? answer.items : [answer];
}

/** Whether the answer is several objects. */
export function isList<T extends object>(answer: T | List<T>): answer is List<T> {
  return 'items' in answer && Array.isArray(answer.items) && 'next' in answer;
}

/** RFC 4180. A value that is no plain one stands there as JSON. */
function csv<T>(rows: readonly T[], fields: readonly Field<T>[], headers: boolean): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const heading: readonly string[] = fields.map(({ name }) => name);
  const lines = [...(headers ? [heading] : []), ...rows.map((row) => fields.map(({ name }) => plain(row[name])))];
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

function forPeople<T extends object>(
  answer: T | List<T>,
  { fields, beneath, text }: View<T>,
  { wide, colors, headers }: { readonly wide: boolean; readonly colors: Colors; readonly headers: boolean },
): string {
  const shown = fields.filter((field) => wide || !field.wide);
  const heading = ({ name, heading = name }: Field<T>) => heading.toUpperCase().replaceAll('_', ' ');
  const cells = (item: T) => shown.map((field) => printable(field.text?.(item) ?? plain(item[field.name])));
  const rowsBeneath = (item: T) => (beneath?.(item) ?? []).map((row) => shown.map(({ name }) => printable(row[name] ?? '')));
  const rows = (item: T) => [cells(item), ...rowsBeneath(item)];
  if (isList(answer)) return table([...(headers ? [shown.map(heading)] : []), ...answer.items.flatMap(rows)]);
  if (text) return text(answer, colors);
  return table(shown.map((field, place) => [heading(field), cells(answer)[place] ?? '']));
}

function plain(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(' ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
