import type { Delegation, Period } from '../../core/delegation.ts';

/** When a delegation is in force, as tables hold it. */
export type PeriodRow = { readonly validFrom: number | null; readonly validTo: number | null };

/** A delegation as the table holds it. */
export type DelegationRow = Omit<Delegation, 'scopes' | 'validFrom' | 'validTo' | 'reason'> &
  PeriodRow & { readonly scopes: string; readonly reason: string | null };

/** As the table holds it. */
export function toRow(delegation: Delegation): DelegationRow {
  return {
    ...delegation,
    scopes: JSON.stringify(delegation.scopes),
    validFrom: delegation.validFrom ?? null,
    validTo: delegation.validTo ?? null,
    reason: delegation.reason ?? null,
  };
}

/** As {@link toRow} wrote it. */
export function fromRow({ validFrom, validTo, reason, ...row }: DelegationRow): Delegation {
  return {
    ...row,
    scopes: JSON.parse(row.scopes) as string[],
    ...toPeriod({ validFrom, validTo }),
    ...(reason !== null && { reason }),
  };
}

/** When it is in force. */
export function toPeriod({ validFrom, validTo }: PeriodRow): Period {
  return { ...(validFrom !== null && { validFrom }), ...(validTo !== null && { validTo }) };
}
