import { canonicalJson } from '../../audit/canonical-json.ts';
import type { AuditEnd, AuditRecord, ChainedRecord, ChainHead } from '../../core/audit.ts';
import type { EpochSeconds } from '../../core/time.ts';

/** A record that can be kept: its details have been written out. */
export type Prepared = { readonly record: AuditRecord; readonly details: string };

/** Writes out a record's details, so that one that cannot be written fails alone, and not the commit it would have ridden in. */
export function prepared(record: AuditRecord): Prepared {
  return { record, details: canonicalJson(record.details) };
}

/** A record as the table holds it. */
export type AuditRow = {
  readonly sequence: number;
  readonly chain: number;
  readonly number: number;
  readonly previous: Buffer;
  readonly hash: Buffer;
  readonly type: string;
  readonly at: EpochSeconds;
  readonly correlationId: string;
  readonly clientId: string | null;
  readonly orgno: string | null;
  readonly details: string;
};

/** A record as it was appended. */
export function toRecord({ type, at, correlationId, clientId, orgno, details }: AuditRow): AuditRecord {
  return {
    ...{ type, at, correlationId },
    ...(clientId !== null && { clientId }),
    ...(orgno !== null && { orgno }),
    details: JSON.parse(details) as AuditRecord['details'],
  };
}

/** A record as it is exported. */
export function toChained(row: AuditRow): ChainedRecord {
  const { sequence, chain, number, type, at, correlationId, clientId, orgno, details } = row;
  return {
    ...{ sequence, chain, number, previous: row.previous.toString('hex'), type, at, correlation_id: correlationId },
    ...(clientId !== null && { client_id: clientId }),
    ...(orgno !== null && { orgno }),
    details: JSON.parse(details) as object,
    hash: row.hash.toString('hex'),
  };
}

/** Where a chain ends, as the table holds it. */
export type HeadRow = { readonly chain: number; readonly number: number; readonly hash: Buffer };

/** Where a chain ends. */
export function toHead({ chain, number, hash }: HeadRow): ChainHead {
  return { chain, number, hash: hash.toString('hex') };
}

/** Where the audit ends, as one statement gives it; the heads are JSON. */
export type EndRow = {
  readonly sequence: number;
  readonly heads: string;
  readonly number: number | null;
  readonly sealed: number | null;
};

/** Where the audit ends. */
export function toEnd(row: EndRow | undefined): AuditEnd {
  const { sequence, heads, number, sealed } = row ?? { sequence: 0, heads: '[]', number: null, sealed: null };
  return { sequence, heads: JSON.parse(heads) as ChainHead[], checkpoint: { number: number ?? 0, sequence: sealed ?? 0 } };
}
