import type { Access } from '../../core/scope.ts';

/** An access as the table holds it. */
export type AccessRow = Omit<Access, 'reason' | 'requestedBy'> & {
  readonly reason: string | null;
  readonly requestedBy: string | null;
};

/** As the table holds it. */
export function toRow(access: Access): AccessRow {
  return { ...access, reason: access.reason ?? null, requestedBy: access.requestedBy ?? null };
}

/** As {@link toRow} wrote it. */
export function fromRow({ reason, requestedBy, ...row }: AccessRow): Access {
  return { ...row, ...(reason !== null && { reason }), ...(requestedBy !== null && { requestedBy }) };
}
