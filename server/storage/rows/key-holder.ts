import type { KeyHolder } from '../../core/signing-key.ts';

/** What a process holds, as the table has it. */
export type KeyHolderRow = Omit<KeyHolder, 'kids'> & { readonly kids: string };

/** As the table holds it. */
export function toRow(holder: KeyHolder): KeyHolderRow {
  return { ...holder, kids: JSON.stringify(holder.kids) };
}

/** As {@link toRow} wrote it. */
export function fromRow(row: KeyHolderRow): KeyHolder {
  return { ...row, kids: JSON.parse(row.kids) as string[] };
}
